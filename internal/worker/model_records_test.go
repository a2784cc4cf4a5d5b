package worker

import (
	"fmt"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// commit applies the n oldest writes in one MULTI; the reply may be lost, which ends the term.
func (m *model) commit(n int, replyLost bool) {
	n = min(n, len(m.writes))
	if n == 0 {
		return
	}
	batch := m.writes[:n]
	m.writes = m.writes[n:]
	for _, x := range batch {
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
	case Restore:
		m.applyRestore(x)
	case Outcome:
		m.applyOutcome(x)
	case Settle:
		m.applySettle(x)
	case Close:
		m.applyClose(x)
	case Ack:
		m.ack(x.ID)
	default:
		m.fatal("unknown write %T", x)
	}
}

func (m *model) applyAccept(x Accept) {
	id := x.Event.EventID
	if m.records[id] != nil {
		m.fatal("event %s is accepted twice", id)
	}
	m.records[id] = &Record{Event: x.Event}
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
	if v := (Victim{x.ID, x.Slot}); m.selected[v] == (x.SelectedBy == event.ID{}) || m.selected[v] && x.State == StateFailed {
		m.fatal("%s is %s, selected by %q: selected %v", x.Worker, x.State, x.SelectedBy, m.selected[v])
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
	if x.Counts.Total() != want || !rec.Settled || rec.Closed {
		m.fatal("event %s closes with %+v of %d, settled %v, closed %v", x.ID, x.Counts, want, rec.Settled, rec.Closed)
	}
	if rec.Event.Type == event.ScaleDown && rec.Counts != x.Counts {
		m.fatal("scale_down %s closes with %+v, its victims have %+v", x.ID, x.Counts, rec.Counts)
	}
	rec.Closed = true
	m.closed[x.ID] = x.Counts
}

// applySelect checks a selection: workers of earlier events, without an outcome, none twice, and as many as possible.
func (m *model) applySelect(x Select) {
	free := 0
	for id, rec := range m.records {
		if rec.Closed || id.Compare(x.ID) > 0 || x.TaskID != "" && rec.Event.TaskID() != x.TaskID {
			continue
		}
		for i, sl := range rec.Slots {
			if !sl.State.IsOutcome() && !m.selected[Victim{id, i + 1}] {
				free++
			}
		}
	}
	if n := len(x.Victims); n != min(free, x.Asked) && !m.someProtected {
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
	if k := rec.Event.IdempotencyKey; k != "" {
		m.keys[k] = keyOwner{id, x.Hash}
	}
	m.raiseLastAccepted(id)
}

func (m *model) setSlot(r Report) {
	rec := m.records[r.ID]
	if rec == nil || rec.Closed {
		m.fatal("%s is written into no open record", r.Worker)
	}
	if old := rec.Slots[r.Slot-1]; old.State.IsOutcome() {
		m.fatal("%s is %s after its outcome %s", r.Worker, r.State, old.State)
	}
	rec.Slots[r.Slot-1] = SlotRecord{
		Attempt: r.Attempt, State: r.State, UID: r.UID, Node: r.Node, Reason: r.Reason,
		ExitCode: r.ExitCode, At: r.At,
	}
}

func (m *model) ack(id event.ID) { delete(m.pending, id) }

func (m *model) raiseLastAccepted(id event.ID) {
	if id.Compare(m.lastAccepted) > 0 {
		m.lastAccepted = id
	}
}
