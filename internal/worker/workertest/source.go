package workertest

import (
	"context"
	"fmt"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Source returns the Source of a new process with the default consumer.
func (r *Redis) Source() worker.Source { return r.Process(defaultConsumer)() }

// Process starts a process that reads as this consumer. Each call of the returned function starts a term.
func (r *Redis) Process(consumer string) func() worker.Source {
	p := &process{consumer: consumer}
	return func() worker.Source { return &source{redis: r, process: p, rereadPending: true} }
}

// process is what outlives a term: the entries pending at its start, with their delivery counts.
type process struct {
	consumer string
	began    bool
	inherit  map[event.ID]int // delivery counts of those not read yet
	poison   map[event.ID]bool
}

type source struct {
	redis         *Redis
	process       *process
	rereadPending bool              // read pending entries before new ones
	returned      map[event.ID]bool // returned since
	waitFor       event.ID          // reading waits until this one is decided on,
	until         time.Time         // at most until then
}

// Read is worker.Source's.
func (s *source) Read(ctx context.Context) ([]worker.Entry, error) {
	timer := time.NewTimer(block)
	defer timer.Stop()
	for {
		batch, err := s.poll()
		if len(batch) > 0 || err != nil {
			return batch, err
		}
		var poll <-chan time.Time
		if !s.waitFor.IsZero() {
			poll = time.After(10 * time.Millisecond)
		}
		select {
		case <-s.redis.added:
		case <-poll:
		case <-timer.C:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (s *source) poll() ([]worker.Entry, error) {
	r := s.redis
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := s.check(); err != nil {
		s.rereadPending, s.waitFor = true, event.ID{}
		return nil, err
	}
	if s.isWaiting() {
		return nil, nil
	}
	if s.rereadPending {
		s.rereadPending, s.returned = false, make(map[event.ID]bool)
		r.notePending(s.process)
	}
	if batch := s.readPending(); len(batch) > 0 {
		return batch, nil
	}
	var batch []worker.Entry
	for _, e := range r.entries {
		if e.ID.Compare(r.delivered) > 0 {
			r.pending[e.ID], r.delivered, s.returned[e.ID] = delivery{s.process.consumer, 1}, e.ID, true
			batch = append(batch, r.withKeyOwner(e))
		}
	}
	return batch, nil
}

// check fails as the real one does, and creates a missing group.
func (s *source) check() error {
	r := s.redis
	if r.fail != nil {
		return r.fail
	}
	if r.last.Compare(r.lastAccepted) < 0 {
		return fmt.Errorf("reading: %w", worker.ErrStreamReplaced)
	}
	if !r.grouped {
		r.grouped, r.delivered = true, r.lastAccepted
	}
	return nil
}

// isWaiting reports whether an entry that was read alone is not decided on yet.
func (s *source) isWaiting() bool {
	_, waits := s.redis.pending[s.waitFor]
	if s.redis.records[s.waitFor] != nil || !waits || time.Now().After(s.until) {
		s.waitFor = event.ID{}
	}
	return !s.waitFor.IsZero()
}

// notePending keeps the pending entries at the start of a process.
func (r *Redis) notePending(p *process) {
	if p.began {
		return
	}
	p.began, p.inherit, p.poison = true, make(map[event.ID]int), make(map[event.ID]bool)
	for id, d := range r.pending {
		p.inherit[id] = d.times
	}
}

// readPending returns pending entries that were not returned yet. In a new process one without a record comes alone.
func (s *source) readPending() []worker.Entry {
	r, p := s.redis, s.process
	var batch []worker.Entry
	for _, id := range r.waiting() {
		if s.returned[id] {
			continue
		}
		times, inherited := p.inherit[id]
		fresh := inherited && r.records[id] == nil
		if fresh && len(batch) > 0 {
			return batch
		}
		s.returned[id] = true
		delete(p.inherit, id)
		e := r.redeliver(id, p, fresh, times)
		batch = append(batch, e)
		if fresh {
			if times >= suspicious && !e.Poisonous {
				s.waitFor, s.until = id, time.Now().Add(suspiciousWait)
			}
			return batch
		}
	}
	return batch
}
