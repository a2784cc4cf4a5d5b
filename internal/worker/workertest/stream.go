package workertest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	block    = 2 * time.Second // how long a Read of an empty stream takes
	patience = 5 * time.Second // how long reading rests for a suspicious entry
	defaults = "ottoscaler-1"  // the consumer

	suspicious = 2
	poisonous  = 5
)

// delivery is an entry of the pending list.
type delivery struct {
	consumer string
	times    int
}

// Add is XADD with an ID of its own; pairs are field, value, field, value.
func (r *Redis) Add(id event.ID, pairs ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = append(r.entries, sent(id, pairs))
	r.last = id
	select {
	case r.added <- struct{}{}:
	default:
	}
}

// Delete is XDEL.
func (r *Redis) Delete(id event.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entries = slices.DeleteFunc(r.entries, func(e worker.Entry) bool { return e.ID == id })
}

// Drop is DEL of the stream; its group goes with it.
func (r *Redis) Drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropStream()
}

func (r *Redis) dropStream() {
	r.entries, r.last, r.delivered, r.grouped, r.pending = nil, event.ID{}, event.ID{}, false, make(map[event.ID]delivery)
}

// Source returns the stream as a process that starts now sees it, under a name that is always the same.
func (r *Redis) Source() worker.Source { return r.Process(defaults)() }

// Process is a process that starts now and reads under this name: each call of what it returns begins a term.
func (r *Redis) Process(consumer string) func() worker.Source {
	p := &process{consumer: consumer}
	return func() worker.Source { return &source{redis: r, process: p, again: true} }
}

// process is what outlives a term: what was pending when it began, and how often it was delivered.
type process struct {
	consumer string
	began    bool
	inherit  map[event.ID]int // not read yet
	poison   map[event.ID]bool
}

type source struct {
	redis   *Redis
	process *process
	again   bool              // read the pending list before anything new
	sent    map[event.ID]bool // returned since
	alone   event.ID          // reading rests until this one was dealt with,
	until   time.Time         // at most until then
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
		var look <-chan time.Time
		if !s.alone.IsZero() {
			look = time.After(10 * time.Millisecond)
		}
		select {
		case <-s.redis.added:
		case <-look:
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
		s.again, s.alone = true, event.ID{}
		return nil, err
	}
	if s.rests() {
		return nil, nil
	}
	if s.again {
		s.again, s.sent = false, make(map[event.ID]bool)
		r.survey(s.process)
	}
	if batch := s.readPending(); len(batch) > 0 {
		return batch, nil
	}
	var batch []worker.Entry
	for _, e := range r.entries {
		if e.ID.Compare(r.delivered) > 0 {
			r.pending[e.ID], r.delivered, s.sent[e.ID] = delivery{s.process.consumer, 1}, e.ID, true
			batch = append(batch, r.held(e))
		}
	}
	return batch, nil
}

// check fails as the real one does, and makes the group if need be.
func (s *source) check() error {
	r := s.redis
	if r.fail != nil {
		return r.fail
	}
	if r.last.Compare(r.mark) < 0 {
		return fmt.Errorf("reading: %w", worker.ErrStreamReplaced)
	}
	if !r.grouped {
		r.grouped, r.delivered = true, r.mark
	}
	return nil
}

// rests reports whether an entry that was read alone is not dealt with yet.
func (s *source) rests() bool {
	_, waits := s.redis.pending[s.alone]
	if s.redis.records[s.alone] != nil || !waits || time.Now().After(s.until) {
		s.alone = event.ID{}
	}
	return !s.alone.IsZero()
}

// survey notes what is pending when a process begins.
func (r *Redis) survey(p *process) {
	if p.began {
		return
	}
	p.began, p.inherit, p.poison = true, make(map[event.ID]int), make(map[event.ID]bool)
	for id, d := range r.pending {
		p.inherit[id] = d.times
	}
}

// readPending returns what is pending and was not returned; what has no record comes alone in a new process.
func (s *source) readPending() []worker.Entry {
	r, p := s.redis, s.process
	var batch []worker.Entry
	for _, id := range r.waiting() {
		if s.sent[id] {
			continue
		}
		times, inherited := p.inherit[id]
		fresh := inherited && r.records[id] == nil
		if fresh && len(batch) > 0 {
			return batch
		}
		s.sent[id] = true
		delete(p.inherit, id)
		e := r.redeliver(id, p, fresh, times)
		batch = append(batch, e)
		if fresh {
			if times >= suspicious && !e.Poisonous {
				s.alone, s.until = id, time.Now().Add(patience)
			}
			return batch
		}
	}
	return batch
}

// sent is the entry as a Source returns it: of a huge one only the size, a hash, and what is small are kept.
func sent(id event.ID, pairs []string) worker.Entry {
	e := worker.Entry{ID: id, Fields: make(map[string]string)}
	sum, room := sha256.New(), event.MaxEntryBytes
	for i := 0; i+1 < len(pairs); i += 2 {
		name, value := pairs[i], pairs[i+1]
		e.Size.Fields++
		e.Size.Bytes += len(name) + len(value)
		fmt.Fprintf(sum, "%d:%s%d:%s", len(name), name, len(value), value)
		if len(name)+len(value) <= room {
			room -= len(name) + len(value)
			e.Fields[name] = value
		}
	}
	if e.Size.Sum = hex.EncodeToString(sum.Sum(nil)); e.Size.Bytes <= event.MaxEntryBytes/8 {
		e.Size = worker.Size{}
	}
	return e
}

func (r *Redis) waiting() []event.ID {
	ids := make([]event.ID, 0, len(r.pending))
	for id := range r.pending {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, event.ID.Compare)
	return ids
}

// redeliver reads one pending entry. A fresh one has no record, and this process has not read it yet.
func (r *Redis) redeliver(id event.ID, p *process, fresh bool, times int) worker.Entry {
	if fresh && times >= poisonous {
		p.poison[id] = true
	}
	if p.poison[id] && r.records[id] == nil {
		return worker.Entry{ID: id, Redelivered: true, Poisonous: true}
	}
	i := slices.IndexFunc(r.entries, func(e worker.Entry) bool { return e.ID == id })
	if i < 0 {
		return worker.Entry{ID: id, Redelivered: true, Trimmed: true}
	}
	d := r.pending[id]
	d.consumer = p.consumer
	if fresh {
		d.times++
	}
	r.pending[id] = d
	e := r.held(r.entries[i])
	e.Redelivered = true
	return e
}

func (r *Redis) held(e worker.Entry) worker.Entry {
	if k, ok := r.keys[e.Fields["idempotency_key"]]; ok {
		e.KeyOwner, e.KeyHash = k.id, k.hash
	}
	return e
}
