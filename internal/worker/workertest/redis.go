package workertest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Redis is a stream with one consumer group, and the records beside it. It is a worker.Journal, and Journal returns
// others on the same records; Source returns its worker.Source.
type Redis struct {
	journal // what a test calls that needs one only

	mu        sync.Mutex
	entries   []worker.Entry
	last      event.ID // the highest there ever was
	grouped   bool     // the group exists,
	delivered event.ID // and stands here
	pending   map[event.ID]delivery
	added     chan struct{}

	fence   int // the newest term; 0: none
	begun   int // terms, whatever became of them
	mark    event.ID
	records map[event.ID]*worker.Record
	keys    map[string]key
	status  []Status
	dead    []worker.Reject
	fail    error
}

type key struct {
	id   event.ID
	hash string
}

// Status is one entry of the status stream.
type Status struct {
	Kind    string
	ID      event.ID
	Report  worker.Report // kind worker
	Counts  worker.Counts // kind closed
	Victims int           // kind scaled_down
}

// NewRedis returns an empty one.
func NewRedis() *Redis {
	r := &Redis{added: make(chan struct{}, 1)}
	r.redis = r
	r.Flush()
	return r
}

// Flush is FLUSHALL. What was said stays known to the test.
func (r *Redis) Flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropStream()
	r.mark, r.fence = event.ID{}, 0
	r.records, r.keys = make(map[event.ID]*worker.Record), make(map[string]key)
}

// journal is one worker.Journal on the records.
type journal struct {
	redis *Redis
	term  int // 0: none has begun, or it is over
}

// Journal returns another worker.Journal on the same records, as another process has it.
func (r *Redis) Journal() worker.Journal { return &journal{redis: r} }

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
func (j *journal) Open(_ context.Context, after event.ID, n int) ([]worker.Record, error) {
	r := j.redis
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return nil, r.fail
	}
	var out []worker.Record
	for _, id := range slices.SortedFunc(maps.Keys(r.records), event.ID.Compare) {
		if rec := r.records[id]; !rec.Closed && id.Compare(after) > 0 && len(out) < n {
			out = append(out, clone(rec))
		}
	}
	return out, nil
}

// Find is worker.Journal's.
func (j *journal) Find(_ context.Context, id event.ID) (*worker.Record, error) {
	r := j.redis
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
func (j *journal) Begin(context.Context) (mark event.ID, known bool, err error) {
	r := j.redis
	r.mu.Lock()
	defer r.mu.Unlock()
	j.term = 0
	if r.fail != nil {
		return event.ID{}, false, r.fail
	}
	known = r.fence != 0
	r.begun++
	r.fence, j.term = r.begun, r.begun
	if r.last.Compare(r.mark) < 0 { // a new stream
		r.mark, r.delivered = event.ID{}, event.ID{}
	}
	if !r.grouped {
		r.grouped, r.delivered = true, r.mark
	}
	return r.mark, known, nil
}

// Commit is worker.Journal's.
func (j *journal) Commit(_ context.Context, batch []worker.Write) error {
	r := j.redis
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.commit(j.term, batch)
	if err != nil && len(batch) > 0 {
		j.term = 0
	}
	return err
}

func (r *Redis) commit(term int, batch []worker.Write) error {
	switch {
	case r.fail != nil:
		return r.fail
	case term == 0:
		return fmt.Errorf("%w: none has begun", worker.ErrTermOver)
	case r.fence == 0:
		return fmt.Errorf("%w: Redis was emptied", worker.ErrTermOver)
	case r.fence != term:
		return fmt.Errorf("%w: another has begun", worker.ErrTermOver)
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
	case worker.Ack:
		delete(r.pending, w.ID)
	case worker.Restore:
		return r.restore(w)
	default:
		return r.change(w)
	}
	return nil
}

// change applies a write that needs the record it changes.
func (r *Redis) change(w worker.Write) error {
	switch w := w.(type) {
	case worker.Settle:
		return r.with(w.ID, Status{Kind: "settled"}, func(rec *worker.Record) {
			rec.Settled = true
			delete(r.pending, w.ID)
		})
	case worker.Select:
		return r.with(w.ID, Status{Kind: "scaled_down", Victims: len(w.Victims)}, func(rec *worker.Record) {
			rec.Settled, rec.Victims = true, slices.Clone(w.Victims)
			delete(r.pending, w.ID)
		})
	case worker.Close:
		return r.with(w.ID, Status{Kind: "closed", Counts: w.Counts}, func(rec *worker.Record) {
			rec.Closed, rec.Counts, rec.Slots, rec.Victims = true, w.Counts, slots(&rec.Event), nil
		})
	}
	return fmt.Errorf("a write of type %T is not known", w)
}

func (r *Redis) with(id event.ID, say Status, change func(*worker.Record)) error {
	rec := r.records[id]
	if rec == nil {
		return errors.New("no record of event " + id.String())
	}
	change(rec)
	say.ID = id
	r.say(say)
	return nil
}

func (r *Redis) accept(w worker.Accept) {
	id := w.Event.EventID
	r.enter(&worker.Record{Event: w.Event, Slots: slots(&w.Event)}, w.Hash)
	r.say(Status{Kind: "accepted", ID: id})
}

func (r *Redis) restore(w worker.Restore) error {
	rec := clone(&w.Record)
	if rec.Closed {
		r.records[rec.Event.EventID] = &rec
		r.raise(rec.Event.EventID)
		return nil
	}
	r.enter(&rec, w.Hash)
	return nil
}

func (r *Redis) enter(rec *worker.Record, hash string) {
	id := rec.Event.EventID
	r.records[id] = rec
	r.raise(id)
	if k := rec.Event.IdempotencyKey; k != "" {
		r.keys[k] = key{id, hash}
	}
}

// slots are those of an event of which nothing is known; a scale_down has none.
func slots(e *event.Event) []worker.SlotRecord {
	if e.Type == event.ScaleDown {
		return nil
	}
	return make([]worker.SlotRecord, e.PodCount)
}

func (r *Redis) report(p worker.Report) error {
	if down := r.records[p.SelectedBy]; down != nil {
		switch p.State {
		case worker.StateSucceeded:
			down.Counts.Succeeded++
		case worker.StateCancelled:
			down.Counts.Cancelled++
		case worker.StateLost:
			down.Counts.Lost++
		}
	}
	return r.with(p.ID, Status{Kind: "worker", Report: p}, func(rec *worker.Record) {
		rec.Slots[p.Slot-1] = worker.SlotRecord{
			Attempt: p.Attempt, State: p.State, UID: p.UID, Node: p.Node, Reason: p.Reason, ExitCode: p.ExitCode,
			At: p.At.UTC().Truncate(time.Millisecond),
		}
	})
}

func (r *Redis) done(id event.ID) {
	delete(r.pending, id)
	r.raise(id)
}

func (r *Redis) raise(id event.ID) {
	if id.Compare(r.mark) > 0 {
		r.mark = id
	}
}

func (r *Redis) say(s Status) { r.status = append(r.status, s) }

func clone(rec *worker.Record) worker.Record {
	c := *rec
	c.Slots, c.Victims = slices.Clone(rec.Slots), slices.Clone(rec.Victims)
	return c
}
