package workertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// block is how long a Read of an empty stream takes.
const block = 2 * time.Second

// Redis is a stream with one consumer group, and the records beside it. It is worker.Journal; Source returns its
// worker.Source.
type Redis struct {
	mu      sync.Mutex
	entries []worker.Entry
	read    int
	pending map[worker.ID]bool
	added   chan struct{}

	mark    worker.ID
	records map[worker.ID]*worker.Record
	keys    map[string]key
	status  []Status
	dead    []worker.Reject
	fail    error
}

type key struct {
	id   worker.ID
	hash string
}

// Status is one entry of the status stream.
type Status struct {
	Kind   string
	ID     worker.ID
	Report worker.Report // kind worker
	Counts worker.Counts // kind closed
}

// NewRedis returns an empty one.
func NewRedis() *Redis {
	return &Redis{
		pending: make(map[worker.ID]bool), added: make(chan struct{}, 1),
		records: make(map[worker.ID]*worker.Record), keys: make(map[string]key),
	}
}

// Add is XADD with an ID of its own; pairs are field, value, field, value.
func (r *Redis) Add(id worker.ID, pairs ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fields := make(map[string]string)
	for i := 0; i+1 < len(pairs); i += 2 {
		fields[pairs[i]] = pairs[i+1]
	}
	r.entries = append(r.entries, worker.Entry{ID: id, Fields: fields})
	select {
	case r.added <- struct{}{}:
	default:
	}
}

// Fail makes everything fail with err until it is nil again.
func (r *Redis) Fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = err
}

// Status returns what was said so far.
func (r *Redis) Status() []Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.status)
}

// Dead returns the dead letters.
func (r *Redis) Dead() []worker.Reject {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.dead)
}

// Pending returns how many entries were delivered and not acknowledged.
func (r *Redis) Pending() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.pending)
}

// Open is worker.Journal's.
func (r *Redis) Open(_ context.Context, after worker.ID, n int) ([]worker.Record, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return nil, r.fail
	}
	var out []worker.Record
	for _, id := range slices.SortedFunc(maps.Keys(r.records), worker.ID.Compare) {
		if rec := r.records[id]; !rec.Closed && id.Compare(after) > 0 && len(out) < n {
			out = append(out, clone(rec))
		}
	}
	return out, nil
}

// Find is worker.Journal's.
func (r *Redis) Find(_ context.Context, id worker.ID) (*worker.Record, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return nil, r.fail
	}
	rec, ok := r.records[id]
	if !ok {
		return nil, nil
	}
	c := clone(rec)
	return &c, nil
}

// Begin is worker.Journal's.
func (r *Redis) Begin(context.Context) (mark worker.ID, known bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mark, true, r.fail
}

// Commit is worker.Journal's.
func (r *Redis) Commit(_ context.Context, batch []worker.Write) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return r.fail
	}
	for _, w := range batch {
		if err := r.apply(w); err != nil {
			return err
		}
	}
	return nil
}

func (r *Redis) apply(w worker.Write) error {
	switch w := w.(type) {
	case worker.Accept:
		r.accept(w)
	case worker.Duplicate:
		r.done(w.ID)
		r.say(Status{Kind: "duplicate", ID: w.ID})
	case worker.Reject:
		r.done(w.ID)
		r.dead = append(r.dead, w)
		r.say(Status{Kind: "rejected", ID: w.ID})
	case worker.Progress:
		return r.report(w.Report)
	case worker.Outcome:
		return r.report(w.Report)
	case worker.Settle:
		r.records[w.ID].Settled = true
		delete(r.pending, w.ID)
		r.say(Status{Kind: "settled", ID: w.ID})
	case worker.Close:
		rec := r.records[w.ID]
		rec.Closed, rec.Counts, rec.Slots = true, w.Counts, make([]worker.SlotRecord, w.Slots)
		r.say(Status{Kind: "closed", ID: w.ID, Counts: w.Counts})
	case worker.Choose:
		rec := r.records[w.ID]
		rec.Settled, rec.Victims = true, w.Victims
		delete(r.pending, w.ID)
		r.say(Status{Kind: "scaled_down", ID: w.ID})
	case worker.Ack:
		delete(r.pending, w.ID)
	default:
		return fmt.Errorf("a write of type %T is not known", w)
	}
	return nil
}

func (r *Redis) accept(w worker.Accept) {
	id := w.Event.EventID
	r.records[id] = &worker.Record{Event: w.Event, Slots: make([]worker.SlotRecord, w.Event.PodCount)}
	r.raise(id)
	if k := w.Event.IdempotencyKey; k != "" {
		r.keys[k] = key{id, w.Hash}
	}
	r.say(Status{Kind: "accepted", ID: id})
}

func (r *Redis) report(p worker.Report) error {
	rec := r.records[p.ID]
	if rec == nil {
		return errors.New("no record of event " + p.ID.String())
	}
	rec.Slots[p.Slot-1] = worker.SlotRecord{
		Attempt: p.Attempt, State: p.State, UID: p.UID, Node: p.Node, Reason: p.Reason, ExitCode: p.ExitCode,
		At: p.At.UTC().Truncate(time.Millisecond),
	}
	r.say(Status{Kind: "worker", ID: p.ID, Report: p})
	return nil
}

func (r *Redis) done(id worker.ID) {
	delete(r.pending, id)
	r.raise(id)
}

func (r *Redis) raise(id worker.ID) {
	if id.Compare(r.mark) > 0 {
		r.mark = id
	}
}

func (r *Redis) say(s Status) { r.status = append(r.status, s) }

func clone(rec *worker.Record) worker.Record {
	c := *rec
	c.Slots = slices.Clone(rec.Slots)
	return c
}

// Source returns the stream as a consumer that starts now sees it: its own pending entries first.
func (r *Redis) Source() worker.Source { return &source{redis: r, again: true} }

type source struct {
	redis *Redis
	again bool // read the pending list before anything new
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
		select {
		case <-s.redis.added:
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
	if r.fail != nil {
		s.again = true
		return nil, r.fail
	}
	var batch []worker.Entry
	if s.again {
		s.again = false
		for _, e := range r.entries[:r.read] {
			if r.pending[e.ID] {
				e.Redelivered = true
				batch = append(batch, r.held(e))
			}
		}
		if len(batch) > 0 {
			return batch, nil
		}
	}
	for _, e := range r.entries[r.read:] {
		r.pending[e.ID] = true
		batch = append(batch, r.held(e))
	}
	r.read = len(r.entries)
	return batch, nil
}

func (r *Redis) held(e worker.Entry) worker.Entry {
	if k, ok := r.keys[e.Fields["idempotency_key"]]; ok {
		e.Holder, e.HolderHash = k.id, k.hash
	}
	return e
}
