package client

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// pool runs handlers: of one event one after the other, of different events side by side.
type pool struct {
	group  *group
	handle Handler
	slots  chan struct{} // one for each handler that may run

	reading context.Context //nolint:containedctx // no handler begins after it ended
	work    context.Context //nolint:containedctx // that of handlers, which outlives the reading
	end     context.CancelFunc

	mu       sync.Mutex
	stopping bool
	freed    chan struct{} // closed, and another one made, when an entry leaves
	entries  map[string]*task
	events   map[string][]*task // the first is being handled
	running  sync.WaitGroup
}

// task is one entry on its way through the pool.
type task struct {
	status *Status
	ctx    context.Context //nolint:containedctx // it ends when another replica has the entry
	drop   context.CancelCauseFunc
	active bool // its handler runs
}

func newPool(reading context.Context, g *group, handle Handler) *pool {
	p := &pool{
		reading: reading, group: g, handle: handle, slots: make(chan struct{}, g.o.Concurrency), freed: make(chan struct{}),
		entries: make(map[string]*task), events: make(map[string][]*task),
	}
	p.work, p.end = context.WithCancel(context.Background())
	return p
}

// limit is how many entries wait here; more are left to other replicas.
func (p *pool) limit() int { return 4 * p.group.o.Concurrency }

func (p *pool) hasRoom() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.entries) < p.limit()
}

// waitRoom waits until there is some; not ok: ctx ended.
func (p *pool) waitRoom(ctx context.Context) bool {
	for {
		p.mu.Lock()
		free, freed := len(p.entries) < p.limit(), p.freed
		p.mu.Unlock()
		if free {
			return true
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return false
		}
	}
}

// held are the IDs of the entries in the pool.
func (p *pool) held() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	ids := make([]string, 0, len(p.entries))
	for id := range p.entries {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// add takes an entry in, unless it is here already: what is claimed may be what this replica has.
func (p *pool) add(s *Status) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopping || p.entries[s.ID] != nil {
		return
	}
	t := &task{status: s}
	t.ctx, t.drop = context.WithCancelCause(p.work)
	p.entries[s.ID] = t
	event := cmpOr(s.EventID, s.ID)
	p.events[event] = append(p.events[event], t)
	if len(p.events[event]) == 1 {
		p.running.Go(func() { p.run(event) })
	}
}

// drop ends the handler of an entry that another replica has.
func (p *pool) drop(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.entries[id]; t != nil {
		t.drop(ErrTakenOver)
	}
}

// run handles the entries of one event until none is left, or the pool stops.
func (p *pool) run(event string) {
	for {
		p.mu.Lock()
		t := p.events[event][0]
		p.mu.Unlock()
		p.attempt(t)
		if !p.next(event, t) {
			return
		}
	}
}

// next forgets a task; not ok: it was the last of its event.
func (p *pool) next(event string, t *task) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.drop(nil)
	delete(p.entries, t.status.ID)
	close(p.freed)
	p.freed = make(chan struct{})
	if p.events[event] = p.events[event][1:]; len(p.events[event]) == 0 {
		delete(p.events, event)
		return false
	}
	return true
}

// attempt handles a task until the handler is content, another replica has it, or the pool stops.
func (p *pool) attempt(t *task) {
	for n := 1; ; n++ {
		select {
		case p.slots <- struct{}{}:
		case <-t.ctx.Done():
			return
		}
		if !p.begin(t) {
			<-p.slots
			return
		}
		err := p.call(t)
		<-p.slots
		if err == nil {
			_ = p.group.ack(t.ctx, t.status.ID)
			return
		}
		if p.group.o.OnError != nil {
			p.group.o.OnError(*t.status, n, err)
		}
		if p.rest(t); !pause(t.ctx, n) {
			return
		}
		p.group.retried(t.ctx, t.status.ID)
	}
}

// begin marks a task as being handled; not ok: it must not be any more.
func (p *pool) begin(t *task) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.active = t.ctx.Err() == nil && p.reading.Err() == nil
	return t.active
}

// rest marks a task as waiting, so that stop need not wait for it.
func (p *pool) rest(t *task) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.active = false; p.stopping {
		t.drop(ErrClosed)
	}
}

// call turns a panic into an error: one entry must not end the process of a whole backend.
func (p *pool) call(t *task) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the handler panicked: %v", v)
		}
	}()
	return p.handle(t.ctx, *t.status)
}

// stop lets go of what is not being handled, waits for the rest, and returns err, or says that it did not end in time.
func (p *pool) stop(err error) error {
	p.mu.Lock()
	p.stopping = true
	for _, t := range p.entries {
		if !t.active {
			t.drop(ErrClosed)
		}
	}
	p.mu.Unlock()
	defer p.end()

	done := make(chan struct{})
	go func() { p.running.Wait(); close(done) }()
	if within(done, p.group.o.ShutdownTimeout) {
		return err
	}
	p.end() // handlers that heed their context end now, without having done their work
	within(done, p.group.c.opts.CommandTimeout)
	return fmt.Errorf("handlers did not end within %s of the shutdown", p.group.o.ShutdownTimeout)
}

func within(done <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
