package redis

import (
	"context"
	"math"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const pendingPage = 1000

var maxID = worker.ID{Ms: math.MaxUint64, Seq: math.MaxUint64}

// checkPending compares, when it is time, the IDs on our pending list with those that were returned. The first that
// was not makes the next reads recover from there. What is no longer pending is forgotten, so memory follows the
// pending list: 16 bytes an ID.
func (s *Source) checkPending(ctx context.Context) error {
	if s.recovering || time.Now().Before(s.nextCheck) {
		return nil
	}
	s.nextCheck = time.Now().Add(s.opts.Recheck)
	still := make(idSet, 0, len(s.returned))
	var previous worker.ID
	err := s.eachPending(ctx, func(id worker.ID) {
		switch {
		case s.returned.has(id):
			still.add(id)
		case !s.recovering:
			s.recovering, s.cursor, s.until = true, previous, id
		default:
			s.until = id
		}
		previous = id
	})
	s.returned = still
	return err
}

// eachPending walks the IDs on our pending list in order, without their bodies.
func (s *Source) eachPending(ctx context.Context, each func(worker.ID)) error {
	var from worker.ID
	for {
		page, err := s.pendingPage(ctx, from, maxID, pendingPage)
		if err != nil {
			return err
		}
		for _, p := range page {
			id, err := worker.ParseID(p.ID)
			if err != nil {
				return err
			}
			each(id)
			from = next(id)
		}
		if len(page) < pendingPage {
			return nil
		}
	}
}

// passedOver reports whether our pending list has an entry that came before these new ones and was not returned. Were
// they taken in first, the mark would pass that entry, and after a crash it would count as dealt with. A group delivers
// in order, so such an entry lies between the last one returned and these, and one more than these is proof.
func (s *Source) passedOver(ctx context.Context, entries []worker.Entry) (bool, error) {
	last := entries[len(entries)-1].ID
	page, err := s.pendingPage(ctx, next(s.highest), last, len(entries)+1)
	return len(page) > len(entries), err
}

func (s *Source) pendingPage(ctx context.Context, from, to worker.ID, n int) ([]goredis.XPendingExt, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	return s.client.reads.XPendingExt(ctx, &goredis.XPendingExtArgs{
		Stream: s.keys.Stream, Group: s.opts.Group, Consumer: s.opts.Consumer,
		Start: from.String(), End: to.String(), Count: int64(n),
	}).Result()
}

// next is the ID right after id; the highest has none, and nothing can be pending after it.
func next(id worker.ID) worker.ID {
	switch {
	case id == maxID:
		return id
	case id.Seq == math.MaxUint64:
		return worker.ID{Ms: id.Ms + 1}
	}
	return worker.ID{Ms: id.Ms, Seq: id.Seq + 1}
}
