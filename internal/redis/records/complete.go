package records

import (
	"context"
	"errors"
	"math"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
)

// queueComplete asks for what redis.Keys.Complete has, and for Redis' clock: without an earlier term, or if the key alone is
// gone, nothing is known of the entries until now, whose records may have been lost. It reports whether it has to be written.
func (j *Journal) queueComplete(ctx context.Context, p goredis.Pipeliner) func(termStart) (event.ID, bool, error) {
	stored, clock := p.Get(ctx, j.keys.Complete()), p.Time(ctx)
	return func(s termStart) (event.ID, bool, error) {
		if s.known && !errors.Is(stored.Err(), goredis.Nil) {
			id, err := redis.DecodeID(j.keys.Complete(), stored)
			return id, false, err
		}
		now, err := clock.Result()
		return s.mayHaveBeenAccepted(event.ID{Ms: uint64(max(0, now.UnixMilli())), Seq: math.MaxUint64}), true, err
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
