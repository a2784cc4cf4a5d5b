package client

import (
	"context"
	"sync"
)

// Gap says that entries of the status stream were, or may have been, missed.
type Gap struct {
	After  string // the last entry before it
	Before string // the first one after it
}

// item is what a subscription gets: a status or a gap.
type item struct {
	status *Status
	gap    *Gap
}

// subscription is a queue of what the reader reads: of one event, or of all.
type subscription struct {
	reader *reader
	signal chan struct{}

	// Guarded by the reader's lock.
	binding bool // it has no event yet
	from    int  // then: where its part of recent begins
	all     bool
	events  []string
	closed  bool

	mu       sync.Mutex
	queue    []item
	limit    int // 0: none
	overflow bool
}

func (s *subscription) push(i item) {
	s.mu.Lock()
	if s.limit > 0 && len(s.queue) >= s.limit {
		s.queue, s.overflow = nil, true
	}
	if !s.overflow {
		s.queue = append(s.queue, i)
	}
	s.mu.Unlock()
	select {
	case s.signal <- struct{}{}:
	default:
	}
}

// next waits for items and takes them all; overflow: there were too many, and they are gone.
func (s *subscription) next(ctx context.Context) (items []item, overflow bool, err error) {
	for {
		s.mu.Lock()
		items, overflow = s.queue, s.overflow
		s.queue = nil
		s.mu.Unlock()
		if len(items) > 0 || overflow {
			return items, overflow, nil
		}
		select {
		case <-s.signal:
		case <-ctx.Done():
			return nil, false, context.Cause(ctx)
		}
	}
}

// bind names the event of the subscription; it gets what the reader read of it since open.
func (s *subscription) bind(event string) {
	r := s.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.closed {
		return
	}
	if s.binding {
		for i := range r.recent[min(s.from, len(r.recent)):] {
			if status := &r.recent[s.from+i]; status.EventID == event {
				s.push(item{status: status})
			}
		}
	}
	r.unbind(s)
	if r.byEvent[event] == nil {
		r.byEvent[event] = make(map[*subscription]struct{})
	}
	r.byEvent[event][s] = struct{}{}
	s.events = append(s.events, event)
}

// follow makes it a subscription for all events, from the position that is returned on.
func (s *subscription) follow(limit int) position {
	r := s.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	s.all, s.limit = true, limit
	r.unbind(s)
	return r.cursor
}

func (s *subscription) close() {
	r := s.reader
	r.mu.Lock()
	defer r.mu.Unlock()
	s.closed = true
	delete(r.subs, s)
	r.unbind(s)
	for _, event := range s.events {
		delete(r.byEvent[event], s)
		if len(r.byEvent[event]) == 0 {
			delete(r.byEvent, event)
		}
	}
}

// unbind ends the keeping of entries for a subscription without an event.
func (r *reader) unbind(s *subscription) {
	if !s.binding {
		return
	}
	s.binding = false
	if r.binding--; r.binding == 0 {
		r.recent = nil
	}
}

// dispatch hands a status to who wants it.
func (r *reader) dispatch(status *Status) {
	for s := range r.byEvent[status.EventID] {
		s.push(item{status: status})
	}
	for s := range r.subs {
		if s.all {
			s.push(item{status: status})
		}
	}
	if r.binding == 0 {
		return
	}
	if len(r.recent) == maxRecent {
		r.forget()
	}
	r.recent = append(r.recent, *status)
}

// forget drops what is kept for subscriptions without an event: they read snapshots instead.
func (r *reader) forget() {
	r.recent = nil
	for s := range r.subs {
		if s.binding {
			s.from = 0
			s.push(item{gap: &Gap{}})
		}
	}
}

func (r *reader) broadcast(g Gap) {
	for s := range r.subs {
		s.push(item{gap: &g})
	}
}
