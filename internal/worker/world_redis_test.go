package worker

import (
	"fmt"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// The world's Redis: the stream, the records, the status stream.

// flush empties Redis under a running term, which notices and leaves its memory to the next one. What was not taken in
// yet is gone.
func (w *world) flush() {
	for _, e := range w.entries {
		if _, dup := w.dups[e.ID]; w.records[e.ID] == nil && w.dead[e.ID] == "" && !dup {
			w.gone[e.ID] = true
		}
	}
	w.late = nil // a POST that comes after this would find no record of a closed event, and be adopted
	r := w.core.carryover()
	w.note("flush, carryover %+v", r)
	w.read, w.first, w.mark = len(w.entries), len(w.entries), event.ID{}
	w.records, w.keys, w.pending, w.doomed = map[event.ID]*Record{}, map[string]keyOwner{}, map[event.ID]bool{}, map[Victim]bool{}
	for i := range r.Records {
		w.apply(Restore{Record: r.Records[i], Hash: r.Records[i].Event.Hash()})
	}
	w.beginWith(r)
}

// add is an XADD.
func (w *world) add(fields map[string]string) event.ID {
	id := event.ID{Ms: uint64(w.now.UnixMilli())}
	if n := len(w.entries); n > 0 && w.entries[n-1].ID.Compare(id) >= 0 {
		id = w.entries[n-1].ID
		id.Seq++
	}
	w.entries = append(w.entries, Entry{ID: id, Fields: fields})
	return id
}

// deliverPending is the reader's first read: what was delivered before and is not acknowledged.
func (w *world) deliverPending() {
	w.readPending()
	w.handOver()
}

func (w *world) readPending() {
	w.handOver()
	for _, e := range w.entries[:w.read] {
		if w.pending[e.ID] {
			e.Redelivered = true
			w.ahead = append(w.ahead, w.lookup(e))
		}
	}
}

// setBack is an XGROUP SETID, or a failover that forgets what was delivered: entries come again as if they were new.
func (w *world) setBack(to int) {
	w.handOver()
	w.read = min(w.read, max(to, w.first))
}

func (w *world) lookup(e Entry) Entry {
	if h, ok := w.keys[e.Fields["idempotency_key"]]; ok && e.Fields["idempotency_key"] != "" {
		e.KeyOwner, e.KeyHash = h.event, h.hash
	}
	return e
}

func (w *world) deliverNew(n int) {
	w.readNew(n)
	w.handOver()
}

func (w *world) readNew(n int) {
	w.handOver()
	for ; n > 0 && w.read < len(w.entries); n-- {
		e := w.entries[w.read]
		w.read++
		w.pending[e.ID] = true
		w.ahead = append(w.ahead, w.lookup(e))
	}
}

// commit applies the n oldest writes in one MULTI; the reply may be lost, which ends the term.
func (w *world) commit(n int, replyLost bool) {
	n = min(n, len(w.writes))
	if n == 0 {
		return
	}
	batch := w.writes[:n]
	w.writes = w.writes[n:]
	for _, x := range batch {
		w.apply(x)
	}
	if replyLost {
		w.begin()
		return
	}
	w.feed(written{n})
}

func (w *world) apply(x Write) {
	switch x := x.(type) {
	case Accept:
		id := x.Event.EventID
		if w.records[id] != nil {
			w.fatal("event %s is accepted twice", id)
		}
		w.records[id] = &Record{Event: x.Event}
		if x.Event.Type == event.ScaleUp {
			w.records[id].Slots = make([]SlotRecord, x.Event.PodCount)
		}
		w.raise(id)
		if k := x.Event.IdempotencyKey; k != "" {
			if h, taken := w.keys[k]; taken {
				w.fatal("key %q of %s is given to %s", k, h.event, id)
			}
			w.keys[k] = keyOwner{id, x.Hash}
		}
	case Duplicate:
		w.dups[x.ID] = x.Of
		w.ack(x.ID)
		w.raise(x.ID)
	case Reject:
		if w.dead[x.ID] != "" {
			w.fatal("entry %s has two dead letters", x.ID)
		}
		w.dead[x.ID] = x.Code
		w.ack(x.ID)
		w.raise(x.ID)
	case Progress:
		w.setSlot(x.Report)
	case Select:
		w.choose(x)
	case Restore:
		w.restore(x)
	case Outcome:
		if v := (Victim{x.ID, x.Slot}); w.doomed[v] == (x.SelectedBy == event.ID{}) || w.doomed[v] && x.State == StateFailed {
			w.fatal("%s is %s, taken away by %q: doomed %v", x.Worker, x.State, x.SelectedBy, w.doomed[v])
		}
		if rec := w.records[x.SelectedBy]; rec != nil {
			rec.Counts.add(x.State, 1)
		}
		key := fmt.Sprint(x.ID, x.Slot)
		if w.said[key]++; w.said[key] > 1 {
			w.fatal("worker %s has two outcomes", x.Worker)
		}
		w.setSlot(x.Report)
	case Settle:
		for i, sl := range w.records[x.ID].Slots {
			if sl.Attempt == 0 {
				w.fatal("event %s settles although slot %d has no mark", x.ID, i+1)
			}
		}
		w.records[x.ID].Settled = true
		w.ack(x.ID)
	case Close:
		rec := w.records[x.ID]
		want := len(rec.Slots) + len(rec.Victims)
		if x.Counts.total() != want || !rec.Settled || rec.Closed {
			w.fatal("event %s closes with %+v of %d, settled %v, closed %v", x.ID, x.Counts, want, rec.Settled, rec.Closed)
		}
		if rec.Event.Type == event.ScaleDown && rec.Counts != x.Counts {
			w.fatal("scale_down %s closes with %+v, its victims have %+v", x.ID, x.Counts, rec.Counts)
		}
		rec.Closed = true
		w.closed[x.ID] = x.Counts
	case Ack:
		w.ack(x.ID)
	default:
		w.fatal("unknown write %T", x)
	}
}

// choose checks a scale_down's choice: of earlier events only, nobody with an outcome, nobody twice, and all it could get.
func (w *world) choose(x Select) {
	free := 0
	for id, rec := range w.records {
		if rec.Closed || id.Compare(x.ID) > 0 || x.TaskID != "" && rec.Event.TaskID() != x.TaskID {
			continue
		}
		for i, sl := range rec.Slots {
			if !sl.State.IsOutcome() && !w.doomed[Victim{id, i + 1}] {
				free++
			}
		}
	}
	if n := len(x.Victims); n != min(free, x.Asked) && !w.lenient {
		w.fatal("scale_down %s takes %d of %d, it asks for %d", x.ID, n, free, x.Asked)
	}
	rec := w.records[x.ID]
	rec.Victims, rec.Settled = x.Victims, true
	for _, v := range x.Victims {
		of := w.records[v.Event]
		if of == nil || v.Event.Compare(x.ID) > 0 || of.Slots[v.Slot-1].State.IsOutcome() || w.doomed[v] {
			w.fatal("scale_down %s takes %v", x.ID, v)
		}
		w.doomed[v] = true
	}
	w.ack(x.ID)
}

func (w *world) restore(x Restore) {
	id := x.Record.Event.EventID
	if w.records[id] != nil {
		w.fatal("event %s is restored although it has a record", id)
	}
	rec := w.copyOf(&x.Record)
	w.records[id] = &rec
	for _, v := range rec.Victims {
		w.doomed[v] = true
	}
	if k := rec.Event.IdempotencyKey; k != "" {
		w.keys[k] = keyOwner{id, x.Hash}
	}
	w.raise(id)
}

func (w *world) setSlot(r Report) {
	rec := w.records[r.ID]
	if rec == nil || rec.Closed {
		w.fatal("%s is written into no open record", r.Worker)
	}
	if old := rec.Slots[r.Slot-1]; old.State.IsOutcome() {
		w.fatal("%s is %s after its outcome %s", r.Worker, r.State, old.State)
	}
	rec.Slots[r.Slot-1] = SlotRecord{Attempt: r.Attempt, State: r.State, UID: r.UID, Node: r.Node, Reason: r.Reason, ExitCode: r.ExitCode, At: r.At}
}

func (w *world) ack(id event.ID) { delete(w.pending, id) }

func (w *world) raise(id event.ID) {
	if id.Compare(w.mark) > 0 {
		w.mark = id
	}
}
