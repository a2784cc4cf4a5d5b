package records

import (
	"context"
	"math"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
)

// queueComplete asks for what redis.Keys.Complete has, and for Redis' clock: without an earlier term nothing is known of the
// entries until now, whose records an emptied Redis has lost.
func (j *Journal) queueComplete(ctx context.Context, p goredis.Pipeliner) func(termStart) (event.ID, error) {
	stored, clock := p.Get(ctx, j.keys.Complete()), p.Time(ctx)
	return func(s termStart) (event.ID, error) {
		if s.known {
			return redis.DecodeID(j.keys.Complete(), stored)
		}
		now, err := clock.Result()
		return s.mayHaveBeenAccepted(event.ID{Ms: uint64(max(0, now.UnixMilli())), Seq: math.MaxUint64}), err
	}
}

// mayHaveBeenAccepted is the highest ID that may have been accepted until now.
func (s termStart) mayHaveBeenAccepted(now event.ID) event.ID {
	highest := s.lastID
	if highest.IsZero() {
		highest = now
	}
	if highest.Compare(s.lastAccepted) < 0 { // the stream was replaced
		highest = s.lastAccepted
	}
	return highest
}
