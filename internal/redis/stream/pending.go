package stream

import (
	"context"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const pendingPage = 1000

// pending is one entry of the group's pending list, under whichever consumer's name. Nothing but Ottoscaler reads for
// the group; what another name holds was read by hand or with an earlier configuration, and must not be skipped.
type pending struct {
	id         event.ID
	consumer   string
	deliveries int64
	mode       readMode
}

// checkPending compares, when it is due, the IDs on the pending list with those that were returned. The first that was
// not makes the next reads recover from there. What is no longer pending is forgotten, so that memory follows the pending
// list: 16 bytes an ID.
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
	err := s.eachPage(ctx, event.ID{}, redis.MaxID, func(page []pending) error {
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

// eachPage walks the pending list from one ID to another; it has no fields of entries.
func (s *Source) eachPage(ctx context.Context, from, to event.ID, each func([]pending) error) error {
	for {
		page, err := s.pendingPage(ctx, from, to, pendingPage)
		if err != nil {
			return err
		}
		if err := each(page); err != nil || len(page) < pendingPage {
			return err
		}
		from = redis.NextID(page[len(page)-1].id)
	}
}

// passedOver reports whether the pending list has an entry that came before these new ones and was not returned. Were
// they accepted first, the last accepted ID would pass that entry, and after a crash it would count as accepted. A group
// delivers in order, so such an entry lies between the last one returned and these, and one more than these is proof.
func (s *Source) passedOver(ctx context.Context, entries []worker.Entry) (bool, error) {
	last := entries[len(entries)-1].ID
	page, err := s.pendingPage(ctx, redis.NextID(s.highest), last, len(entries)+1)
	return len(page) > len(entries), err
}

func (s *Source) pendingPage(ctx context.Context, from, to event.ID, n int) ([]pending, error) {
	ctx, cancel := finishing(ctx)
	defer cancel()
	reply, err := s.client.Reads().XPendingExt(ctx, s.pendingRange(from, to, n)).Result()
	if err != nil {
		return nil, err
	}
	page := make([]pending, len(reply))
	for i, p := range reply {
		id, err := event.ParseID(p.ID)
		if err != nil {
			return nil, fmt.Errorf("reading the pending list: %w", err)
		}
		page[i] = pending{id: id, consumer: p.Consumer, deliveries: p.RetryCount}
	}
	return page, nil
}

func (s *Source) pendingRange(from, to event.ID, n int) *goredis.XPendingExtArgs {
	return &goredis.XPendingExtArgs{
		Stream: s.keys.Stream, Group: s.opts.Group, Start: from.String(), End: to.String(), Count: int64(n),
	}
}
