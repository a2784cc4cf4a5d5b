package redis

import (
	"context"
	"fmt"
	"math"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const pendingPage = 1000

var maxID = event.ID{Ms: math.MaxUint64, Seq: math.MaxUint64}

// pending is one entry of the group's pending list, under whichever consumer's name. Nobody but us reads for the group;
// what another name holds was taken by a hand or by an earlier setting of ours, and would otherwise be passed over.
type pending struct {
	id        event.ID
	consumer  string
	delivered int64 // times
	how       reading
}

// checkPending compares, when it is time, the IDs on the pending list with those that were returned. The first that
// was not makes the next reads recover from there. What is no longer pending is forgotten, so memory follows the
// pending list: 16 bytes an ID.
func (s *Source) checkPending(ctx context.Context) error {
	if s.recovering || time.Now().Before(s.nextCheck) {
		return nil
	}
	s.nextCheck = time.Now().Add(s.opts.Recheck)
	if err := s.checkStream(ctx); err != nil {
		return err
	}
	still := make(idSet, 0, len(s.returned))
	var previous event.ID
	err := s.eachPage(ctx, event.ID{}, maxID, func(page []pending) error {
		for _, p := range page {
			switch {
			case s.returned.has(p.id):
				still.add(p.id)
			case !s.recovering:
				s.recover(previous, p.id)
			default:
				s.until = p.id
			}
			previous = p.id
		}
		return nil
	})
	s.returned = still
	return err
}

// recover makes the next reads return what is pending after one ID, up to another.
func (s *Source) recover(after, until event.ID) {
	s.recovering, s.cursor, s.until, s.listed = true, after, until, nil
}

// eachPage walks the pending list from one ID to another, without the bodies.
func (s *Source) eachPage(ctx context.Context, from, to event.ID, each func([]pending) error) error {
	for {
		page, err := s.pendingPage(ctx, from, to, pendingPage)
		if err != nil {
			return err
		}
		if err := each(page); err != nil || len(page) < pendingPage {
			return err
		}
		from = next(page[len(page)-1].id)
	}
}

// passedOver reports whether the pending list has an entry that came before these new ones and was not returned. Were
// they taken in first, the mark would pass that entry, and after a crash it would count as dealt with. A group delivers
// in order, so such an entry lies between the last one returned and these, and one more than these is proof.
func (s *Source) passedOver(ctx context.Context, entries []worker.Entry) (bool, error) {
	last := entries[len(entries)-1].ID
	page, err := s.pendingPage(ctx, next(s.highest), last, len(entries)+1)
	return len(page) > len(entries), err
}

func (s *Source) pendingPage(ctx context.Context, from, to event.ID, n int) ([]pending, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	reply, err := s.client.reads.XPendingExt(ctx, &goredis.XPendingExtArgs{
		Stream: s.keys.Stream, Group: s.opts.Group, Start: from.String(), End: to.String(), Count: int64(n),
	}).Result()
	if err != nil {
		return nil, err
	}
	page := make([]pending, len(reply))
	for i, p := range reply {
		id, err := event.ParseID(p.ID)
		if err != nil {
			return nil, fmt.Errorf("the pending list: %w", err)
		}
		page[i] = pending{id: id, consumer: p.Consumer, delivered: p.RetryCount}
	}
	return page, nil
}

// next is the ID right after id; the highest has none, and nothing can be pending after it.
func next(id event.ID) event.ID {
	switch {
	case id == maxID:
		return id
	case id.Seq == math.MaxUint64:
		return event.ID{Ms: id.Ms + 1}
	}
	return event.ID{Ms: id.Ms, Seq: id.Seq + 1}
}

// previous is the ID right before id, which is not the zero ID.
func previous(id event.ID) event.ID {
	if id.Seq == 0 {
		return event.ID{Ms: id.Ms - 1, Seq: math.MaxUint64}
	}
	return event.ID{Ms: id.Ms, Seq: id.Seq - 1}
}
