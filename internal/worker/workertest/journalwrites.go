package workertest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func (r *Redis) apply(w worker.Write) error {
	if id, seq := worker.SeqOf(w); r.records[id] != nil {
		r.records[id].Seq = seq
	}
	switch w := w.(type) {
	case worker.Accept:
		r.accept(w)
	case worker.Duplicate:
		r.done(w.ID)
		r.publish(Status{Kind: "duplicate", ID: w.ID})
	case worker.Reject:
		r.done(w.ID)
		r.dead = append(r.dead, w)
		r.publish(Status{Kind: "rejected", ID: w.ID})
	case worker.Progress:
		return r.report(w.Report)
	case worker.Outcome:
		return r.report(w.Report)
	case worker.Ack:
		delete(r.pending, w.ID)
	case worker.Restore:
		return r.restore(w)
	case worker.View: // for people
	case worker.Pause:
		r.pause(w)
	case worker.Clock:
		r.setClock(w)
	case worker.Complete:
		r.complete = w.Since
	default:
		return r.change(w)
	}
	return nil
}

// setClock keeps what Redis keeps of a time: its milliseconds.
func (r *Redis) setClock(w worker.Clock) {
	if w.At.IsZero() {
		delete(r.clocks, w.Name)
		return
	}
	r.clocks[w.Name] = w.At.UTC().Truncate(time.Millisecond)
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
	case worker.Cancel:
		return r.with(w.ID, Status{Kind: "cancelling"}, func(rec *worker.Record) {
			rec.Settled = true
			delete(r.pending, w.ID)
		})
	case worker.Refuse:
		return r.with(w.ID, Status{Kind: "waiting"}, func(rec *worker.Record) { rec.RefusedAt = w.At.UTC().Truncate(time.Millisecond) })
	case worker.Close:
		return r.with(w.ID, Status{Kind: "closed", Counts: w.Counts}, func(rec *worker.Record) {
			rec.Closed, rec.Counts, rec.Slots, rec.Victims = true, w.Counts, slices.Clone(w.Slots), nil
		})
	}
	return fmt.Errorf("a write of type %T is not known", w)
}

func (r *Redis) with(id event.ID, status Status, change func(*worker.Record)) error {
	rec := r.records[id]
	if rec == nil {
		return errors.New("no record of event " + id.String())
	}
	change(rec)
	status.ID = id
	r.publish(status)
	return nil
}

func (r *Redis) accept(w worker.Accept) {
	id := w.Event.EventID
	r.enter(&worker.Record{Event: w.Event, Seq: w.Seq, Slots: slots(&w.Event)}, w.Hash)
	r.raise(id)
	r.publish(Status{Kind: "accepted", ID: id})
}

func (r *Redis) restore(w worker.Restore) error {
	rec := clone(&w.Record)
	if rec.Closed {
		r.records[rec.Event.EventID] = &rec
		r.raise(rec.Event.EventID)
		return nil
	}
	r.enter(&rec, w.Hash)
	if !w.Rebuilt || rec.Event.EventID.Compare(r.last) <= 0 {
		r.raise(rec.Event.EventID)
	}
	return nil
}

func (r *Redis) enter(rec *worker.Record, hash string) {
	id := rec.Event.EventID
	r.records[id] = rec
	if k := rec.Event.IdempotencyKey; k != "" {
		r.keys[k] = key{id, hash}
	}
}

// slots are empty slot records; only a scale_up has any.
func slots(e *event.Event) []worker.SlotRecord {
	if e.Type != event.ScaleUp {
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
		if p.Refused {
			rec.RefusedAt = time.Time{}
		}
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
	if id.Compare(r.lastAccepted) > 0 {
		r.lastAccepted = id
	}
}

func (r *Redis) publish(s Status) {
	r.status = append(r.status, s)
	r.published.Broadcast()
}

func clone(rec *worker.Record) worker.Record {
	c := *rec
	c.Slots, c.Victims = slices.Clone(rec.Slots), slices.Clone(rec.Victims)
	return c
}
