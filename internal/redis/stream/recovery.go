package stream

import (
	"context"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// readMode is how a pending entry is read.
type readMode uint8

const (
	readPlain   readMode = iota // with XRANGE, which leaves the delivery count alone
	readCounted                 // alone, and the delivery count is raised
	readNone                    // not at all: the entry is poison
	readDeleted                 // not at all: the entry was deleted from the stream
)

// readPending returns the next of the pending entries that were not returned before; none while recovering means: call
// again.
func (s *Source) readPending(ctx context.Context) ([]worker.Entry, error) {
	ctx, cancel := finishing(ctx)
	defer cancel()
	if len(s.listed) == 0 {
		if err := s.list(ctx); err != nil || len(s.listed) == 0 {
			return nil, err
		}
	}
	batch := s.nextBatch()
	s.listed = s.listed[len(batch):]
	entries, size, err := s.readBatch(ctx, batch)
	if err != nil {
		return nil, err
	}
	s.adapt(size)
	if batch[0].mode == readCounted && batch[0].deliveries >= suspiciousDeliveries {
		s.guard(entries)
	}
	return s.finish(ctx, entries)
}

// nextBatch is the part of the list that is returned together.
func (s *Source) nextBatch() []pending {
	n := 1
	for n < min(len(s.listed), s.count) && s.listed[0].mode != readCounted && s.listed[n].mode != readCounted {
		n++
	}
	batch := s.listed[:n]
	if batch[0].mode != readCounted {
		s.poison.markRead(batch[n-1].id)
	}
	return batch
}

// list reads the next page of the pending list, and decides how each of its entries is read. An empty list ends the
// recovery.
func (s *Source) list(ctx context.Context) error {
	if err := s.survey(ctx); err != nil {
		return err
	}
	for len(s.listed) == 0 {
		if s.cursor.Compare(s.until) >= 0 {
			s.recovering = false
			return nil
		}
		if err := s.listPage(ctx); err != nil {
			return err
		}
	}
	if err := s.claim(ctx, s.listed); err != nil {
		return err
	}
	return s.setModes(ctx, s.listed)
}

func (s *Source) listPage(ctx context.Context) error {
	page, err := s.pendingPage(ctx, redis.NextID(s.cursor), s.until, pendingPage)
	if err != nil {
		return err
	}
	s.cursor = s.until
	if len(page) == pendingPage {
		s.cursor = page[len(page)-1].id
	}
	for _, p := range page {
		if !s.returned.has(p.id) {
			s.listed = append(s.listed, p)
		}
	}
	return nil
}

// survey finds, once a process, the highest pending ID.
func (s *Source) survey(ctx context.Context) error {
	if s.poison.surveyed {
		return nil
	}
	summary, err := s.client.Reads().XPending(ctx, s.keys.Stream, s.opts.Group).Result()
	if err == nil && summary.Count > 0 {
		s.poison.until, err = event.ParseID(summary.Higher)
	}
	s.poison.surveyed = err == nil
	return err
}

// setModes decides how each entry is read. One with a record was accepted before, so its fields are harmless. Any other
// may be what crashed the process before, be it by its size: it is read alone.
func (s *Source) setModes(ctx context.Context, page []pending) error {
	var unread []event.ID
	for _, p := range page {
		if s.poison.unread(p.id) {
			unread = append(unread, p.id)
		}
	}
	recorded, err := s.recorded(ctx, unread)
	if err != nil {
		return err
	}
	for i := range page {
		p := &page[i]
		switch {
		case p.mode == readDeleted, recorded.has(p.id):
		case s.poison.isPoison(p.id, p.deliveries):
			p.mode = readNone
		case s.poison.unread(p.id):
			p.mode = readCounted
		}
	}
	return nil
}

// recorded returns those of the events that have a record. The IDs are in order.
func (s *Source) recorded(ctx context.Context, ids []event.ID) (idSet, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	cmds := make([]*goredis.IntCmd, len(ids))
	_, err := s.client.Reads().Pipelined(ctx, func(p goredis.Pipeliner) error {
		for i, id := range ids {
			cmds[i] = p.Exists(ctx, s.keys.Event(id))
		}
		return nil
	})
	var found idSet
	for i, cmd := range cmds {
		if cmd.Val() > 0 {
			found.add(ids[i])
		}
	}
	return found, err
}
