package worker

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// commit applies the n oldest writes in one MULTI; the reply may be lost, which ends the term.
func (m *model) commit(n int, replyLost bool) {
	n = min(n, len(m.writes))
	if n == 0 {
		return
	}
	m.onTheWay = slices.Clone(m.writes)
	batch := m.writes[:n]
	m.writes = m.writes[n:]
	for _, x := range batch {
		m.onTheWay = m.onTheWay[1:]
		m.apply(x)
	}
	if replyLost {
		m.beginTerm()
		return
	}
	m.step(written{n})
}

// apply applies one write and checks that it may be applied.
func (m *model) apply(x Write) {
	m.checkSeq(x)
	switch x := x.(type) {
	case Accept:
		m.applyAccept(x)
	case Duplicate:
		m.dups[x.ID] = x.Of
		m.ack(x.ID)
		m.raiseLastAccepted(x.ID)
	case Reject:
		if m.dead[x.ID] != "" {
			m.fatal("entry %s has two dead letters", x.ID)
		}
		m.dead[x.ID] = x.Code
		m.ack(x.ID)
		m.raiseLastAccepted(x.ID)
	case Progress:
		m.setSlot(x.Report)
	case Select:
		m.applySelect(x)
	case Cancel:
		m.applyCancel(x)
	case Refuse:
		m.applyRefuse(x)
	case Pause:
		m.applyPause(x)
	case View:
	case Restore:
		m.applyRestore(x)
	case Complete:
		m.complete = x.Since
	case Outcome:
		m.applyOutcome(x)
	case Settle:
		m.applySettle(x)
	case Close:
		m.applyClose(x)
	case Ack:
		m.ack(x.ID)
	case Clock:
		m.setClock(x)
	default:
		m.fatal("unknown write %T", x)
	}
	if id, seq := SeqOf(x); seq > 0 {
		m.records[id].Seq, m.seqs[id] = seq, seq
	}
}

func (m *model) applyAccept(x Accept) {
	id := x.Event.EventID
	if m.records[id] != nil {
		m.fatal("event %s is accepted twice", id)
	}
	m.records[id] = &Record{Event: x.Event, AcceptedAt: x.At}
	if x.Event.Type == event.ScaleUp {
		m.records[id].Slots = make([]SlotRecord, x.Event.PodCount)
	}
	m.raiseLastAccepted(id)
	if k := x.Event.IdempotencyKey; k != "" {
		if owner, taken := m.keys[k]; taken {
			m.fatal("key %q of %s is given to %s", k, owner.event, id)
		}
		m.keys[k] = keyOwner{id, x.Hash}
	}
}

func (m *model) applyOutcome(x Outcome) {
	v := Victim{x.ID, x.Slot}
	if selected := m.selected[v] || m.isCancelled(v); selected == x.SelectedBy.IsZero() || selected && x.State == StateFailed {
		m.fatal("%s is %s, selected by %q: selected %v, cancelled %v", x.Worker, x.State, x.SelectedBy, m.selected[v], m.isCancelled(v))
	}
	if rec := m.records[x.SelectedBy]; rec != nil {
		rec.Counts.Add(x.State, 1)
	}
	key := fmt.Sprint(x.ID, x.Slot)
	if m.outcomes[key]++; m.outcomes[key] > 1 {
		m.fatal("worker %s has two outcomes", x.Worker)
	}
	m.setSlot(x.Report)
}

func (m *model) applySettle(x Settle) {
	for i, sl := range m.records[x.ID].Slots {
		if sl.Attempt == 0 {
			m.fatal("event %s settles although slot %d has no record", x.ID, i+1)
		}
	}
	m.records[x.ID].Settled = true
	m.ack(x.ID)
}

func (m *model) applyClose(x Close) {
	rec := m.records[x.ID]
	want := len(rec.Slots) + len(rec.Victims)
	if rec.Event.Type == event.Cancel {
		want = rec.Counts.Total()
		m.checkCancelled(x.ID)
	}
	if x.Counts.Total() != want || !rec.Settled || rec.Closed {
		m.fatal("event %s closes with %+v of %d, settled %v, closed %v", x.ID, x.Counts, want, rec.Settled, rec.Closed)
	}
	if rec.Event.Type != event.ScaleUp && rec.Counts != x.Counts {
		m.fatal("%s %s closes with %+v, its victims have %+v", rec.Event.Type, x.ID, x.Counts, rec.Counts)
	}
	rec.Closed = true
	m.closed[x.ID] = x.Counts
}

// applySelect checks a selection: workers of earlier events, without an outcome, none twice, and as many as possible.
func (m *model) applySelect(x Select) {
	free, cancelled := 0, 0
	for id, rec := range m.records {
		if rec.Closed || id.Compare(x.ID) > 0 || x.TaskID != "" && rec.Event.TaskID() != x.TaskID ||
			rec.Event.Queue != m.records[x.ID].Event.Queue {
			continue
		}
		for i, sl := range rec.Slots {
			v := Victim{id, i + 1}
			switch {
			case sl.State.IsOutcome(), m.selected[v]:
			case m.isCancelled(v): // perhaps only since the scale_down has selected
				cancelled++
			default:
				free++
			}
		}
	}
	if n := len(x.Victims); (n < min(free, x.Asked) || n > min(free+cancelled, x.Asked)) && !m.someProtected {
		m.fatal("scale_down %s selects %d of %d, it asks for %d", x.ID, n, free, x.Asked)
	}
	rec := m.records[x.ID]
	rec.Victims, rec.Settled = x.Victims, true
	for _, v := range x.Victims {
		of := m.records[v.Event]
		if of == nil || v.Event.Compare(x.ID) > 0 || of.Slots[v.Slot-1].State.IsOutcome() || m.selected[v] {
			m.fatal("scale_down %s selects %v", x.ID, v)
		}
		m.selected[v] = true
	}
	m.ack(x.ID)
}

func (m *model) applyRestore(x Restore) {
	id := x.Record.Event.EventID
	if m.records[id] != nil {
		m.fatal("event %s is restored although it has a record", id)
	}
	rec := m.copyOf(&x.Record)
	m.records[id] = &rec
	for _, v := range rec.Victims {
		m.selected[v] = true
	}
	if rec.Event.Type == event.Cancel && rec.Settled {
		m.selectTargets(&rec)
	}
	if k := rec.Event.IdempotencyKey; k != "" {
		m.keys[k] = keyOwner{id, x.Hash}
	}
	if !x.Rebuilt || m.inStream(id) {
		m.raiseLastAccepted(id)
	}
}

// applyCancel checks nothing: the record is the predicate. From now on its targets are selected.
func (m *model) applyCancel(x Cancel) {
	rec := m.records[x.ID]
	rec.Settled = true
	m.selectTargets(rec)
	m.ack(x.ID)
}

func (m *model) selectTargets(rec *Record) {
	for _, of := range m.records {
		if !m.isTarget(&rec.Event, &of.Event) {
			continue
		}
		for i, sl := range of.Slots {
			if v := (Victim{of.Event.EventID, i + 1}); !sl.State.IsOutcome() && !m.endsOnTheWay(v) {
				if !m.isCancelled(v) {
					m.cancelled[v] = rec.Event.EventID
				}
			}
		}
	}
}

func (m *model) isCancelled(v Victim) bool { return !m.cancelled[v].IsZero() }

// endsOnTheWay reports whether an outcome was emitted before the cancel was committed: it stands, and is nobody's.
func (m *model) endsOnTheWay(v Victim) bool {
	return slices.ContainsFunc(m.onTheWay, func(w Write) bool {
		o, ok := w.(Outcome)
		return ok && o.ID == v.Event && o.Slot == v.Slot && o.SelectedBy.IsZero()
	})
}

// isTarget is the predicate of a cancel, written once more.
func (*model) isTarget(cancel, of *event.Event) bool {
	if of.Type != event.ScaleUp || of.EventID.Compare(cancel.EventID) >= 0 {
		return false
	}
	if cancel.Target != (event.ID{}) {
		return of.EventID == cancel.Target
	}
	return of.Queue == cancel.Queue && of.Metadata["task_id"] == cancel.Metadata["task_id"]
}

// checkCancelled fails unless every worker that a cancel takes has its outcome.
func (m *model) checkCancelled(id event.ID) {
	for _, of := range m.records {
		if of.Closed || !m.isTarget(&m.records[id].Event, &of.Event) {
			continue
		}
		for i, sl := range of.Slots {
			v := Victim{of.Event.EventID, i + 1}
			if m.cancelled[v] == id && !m.selected[v] && !sl.State.IsOutcome() { // a scale_down's victim is its own
				m.fatal("cancel %s closes, and slot %d of %s has no outcome", id, i+1, of.Event.EventID)
			}
		}
	}
}

func (m *model) setSlot(r Report) {
	rec := m.records[r.ID]
	if rec == nil || rec.Closed {
		m.fatal("%s is written into no open record", r.Worker)
	}
	if old := rec.Slots[r.Slot-1]; old.State.IsOutcome() {
		m.fatal("%s is %s after its outcome %s", r.Worker, r.State, old.State)
	}
	if r.Reason == ReasonRefused && m.refused[r.ID] == 0 {
		m.fatal("%s is refused, and no POST of its event was", r.Worker)
	}
	if r.Refused {
		rec.RefusedAt = time.Time{}
	}
	m.checkRunsOnce(r)
	rec.Slots[r.Slot-1] = SlotRecord{
		Attempt: r.Attempt, State: r.State, UID: r.UID, Node: r.Node, Reason: r.Reason,
		ExitCode: r.ExitCode, At: r.At,
	}
}

// expire is the end of a closed event's record, and of its idempotency key.
func (m *model) expire(id event.ID) {
	m.note("the record of %s expires", id)
	delete(m.records, id)
	maps.DeleteFunc(m.keys, func(_ string, k keyOwner) bool { return k.event == id })
}

func (m *model) ack(id event.ID) { delete(m.pending, id) }

func (m *model) raiseLastAccepted(id event.ID) {
	if id.Compare(m.lastAccepted) > 0 {
		m.lastAccepted = id
	}
}
