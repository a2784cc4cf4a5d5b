package redis

import (
	"context"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// reading is how the body of a pending entry is read.
type reading uint8

const (
	readPlain   reading = iota // with XRANGE, which leaves the delivery count alone
	readCounted                // alone, and with XREADGROUP, which raises it
	readNone                   // not at all: the entry is poisonous
	readGone                   // there is none: somebody deleted the entry from the stream
)

// readPending returns the next of the pending entries without what was returned before; none while recovering means:
// call again.
func (s *Source) readPending(ctx context.Context) ([]worker.Entry, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if len(s.listed) == 0 {
		if err := s.list(ctx); err != nil || len(s.listed) == 0 {
			return nil, err
		}
	}
	batch := s.nextBatch()
	s.listed = s.listed[len(batch):]
	entries, size, err := s.bodies(ctx, batch)
	if err != nil {
		return nil, err
	}
	s.adapt(size)
	if batch[0].how == readCounted && batch[0].delivered >= suspicious {
		s.guard(entries)
	}
	return s.finish(ctx, entries)
}

// nextBatch is what of the list is returned together.
func (s *Source) nextBatch() []pending {
	n := 1
	for n < min(len(s.listed), s.count) && s.listed[0].how != readCounted && s.listed[n].how != readCounted {
		n++
	}
	batch := s.listed[:n]
	for _, p := range batch {
		s.client.deliveries.passed(p.id)
	}
	return batch
}

// list reads the next page of the pending list, and decides how each entry of it is read. An empty list ends the
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
		page, err := s.pendingPage(ctx, next(s.cursor), s.until, pendingPage)
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
	}
	if err := s.takeOver(ctx, s.listed); err != nil {
		return err
	}
	return s.decide(ctx, s.listed)
}

// survey looks, once a process, how far the pending list goes.
func (s *Source) survey(ctx context.Context) error {
	d := &s.client.deliveries
	if d.known {
		return nil
	}
	summary, err := s.client.reads.XPending(ctx, s.keys.Stream, s.opts.Group).Result()
	if err == nil && summary.Count > 0 {
		d.until, err = event.ParseID(summary.Higher)
	}
	d.known = err == nil
	return err
}

// decide says how each entry is read. One with a record was taken in before, so its body is harmless. Any other may be
// what ended the process before, be it by its size: so it is read alone.
func (s *Source) decide(ctx context.Context, page []pending) error {
	d := &s.client.deliveries
	var unread []event.ID
	for _, p := range page {
		if d.first(p.id) {
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
		case p.how == readGone, recorded.has(p.id):
		case d.judge(p.id, p.delivered):
			p.how = readNone
		case d.first(p.id):
			p.how = readCounted
		}
	}
	return nil
}

// recorded returns those of the events that have a record. The ids are in order.
func (s *Source) recorded(ctx context.Context, ids []event.ID) (idSet, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	cmds := make([]*goredis.IntCmd, len(ids))
	_, err := s.client.reads.Pipelined(ctx, func(p goredis.Pipeliner) error {
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

// bodies reads the entries of a batch, each by its ID. One that is not pending any more is left out.
func (s *Source) bodies(ctx context.Context, batch []pending) (entries []worker.Entry, size int, err error) {
	reads := make([]func() ([]worker.Entry, int, error), len(batch))
	_, _ = s.client.reads.Pipelined(ctx, func(p goredis.Pipeliner) error { // each command has its error
		for i := range batch {
			reads[i] = s.body(ctx, p, &batch[i])
		}
		return nil
	})
	for i, read := range reads {
		e, bytes, err := read()
		if err != nil {
			return nil, 0, err
		}
		size += bytes
		for j := range e {
			e[j].Redelivered, e[j].Poisonous = true, batch[i].how == readNone
			e[j].Trimmed = e[j].Trimmed && !e[j].Poisonous
		}
		entries = append(entries, e...)
	}
	return entries, size, nil
}

// body asks for one entry; one that is trimmed stands for a body that is not there, or is not to be read.
func (s *Source) body(ctx context.Context, p goredis.Pipeliner, of *pending) func() ([]worker.Entry, int, error) {
	nothing := []worker.Entry{{ID: of.id, Trimmed: true}}
	switch of.how {
	case readCounted:
		// There is no way to ask for one ID; but the one that follows its predecessor is it, if it is pending still.
		read := queueEntries(ctx, p, inGroup, "XREADGROUP", "GROUP", s.opts.Group, s.opts.Consumer, "COUNT", 1,
			"STREAMS", s.keys.Stream, previous(of.id).String())
		return func() ([]worker.Entry, int, error) {
			found, size, err := read()
			if err != nil || len(found) == 0 || found[0].ID != of.id {
				return nil, 0, err
			}
			return found[:1], size, nil
		}
	case readPlain:
		read := queueEntries(ctx, p, inRange, "XRANGE", s.keys.Stream, of.id.String(), of.id.String())
		return func() ([]worker.Entry, int, error) {
			found, size, err := read()
			if err == nil && len(found) == 0 {
				found = nothing
			}
			return found, size, err
		}
	case readNone, readGone:
	}
	return func() ([]worker.Entry, int, error) { return nothing, 0, nil }
}
