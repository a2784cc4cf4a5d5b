package worker

import "github.com/ottoscaler/ottoscaler/internal/event"

// load rebuilds the core from the open records, at the start of a term, page by page. Nothing is started before the first
// complete observation shows which Pods there are.
func (s *state) load(in loaded) {
	before := higher(s.intake.lastAcceptedBefore, in.lastAccepted)
	s.intake.lastAcceptedBefore, s.intake.lastAccepted, s.intake.lastDecided = before, before, before
	for i := range in.records {
		s.restoreEvent(&in.records[i])
	}
}

func higher(a, b event.ID) event.ID {
	if a.Compare(b) > 0 {
		return a
	}
	return b
}

func (s *state) restoreEvent(rec *Record) {
	e := newEvent(rec.Event, s.now)
	e.recorded, e.settling, e.settled = true, rec.Settled, rec.Settled
	s.track(e)
	if e.isScaleDown() {
		s.restoreVictims(e, rec)
		return
	}
	for i := range e.slots {
		if i < len(rec.Slots) {
			s.restoreSlot(&e.slots[i], rec.Slots[i])
		}
	}
	if e.isUntouched() { // most of a hundred thousand are
		s.pack(e)
		return
	}
	// A crash between two commits may have left the last writes of an event out.
	s.settle(e)
	s.close(e)
}

// restoreVictims selects again whom a scale_down has selected. One whose event is not open any more has its outcome.
func (s *state) restoreVictims(e *trackedEvent, rec *Record) {
	e.counts, e.victims = rec.Counts, rec.Victims
	for _, v := range rec.Victims {
		of := s.findEvent(v.Event)
		if of == nil || v.Slot < 1 || v.Slot > len(of.slots) {
			continue
		}
		if sl := &of.slots[v.Slot-1]; sl.phase < slotEnding {
			s.selectSlot(e, sl)
		}
	}
	s.close(e)
}

func (s *state) restoreSlot(sl *slot, rec SlotRecord) {
	if rec.Attempt < 1 {
		return
	}
	if rec.At.After(s.now) { // somebody's clock was ahead of ours
		rec.At = s.now
	}
	sl.attempt, sl.uid, sl.node, sl.since = rec.Attempt, rec.UID, rec.Node, rec.At
	sl.settled = true
	sl.event.settledSlots++
	switch {
	case rec.State.IsOutcome():
		sl.phase, sl.outcome = slotEnded, &rec
		sl.event.counts.Add(rec.State, 1)
	case rec.State == StateRetrying:
		s.resetSlot(sl, rec.At)
	default:
		sl.phase, sl.running = slotActive, rec.State == StateRunning
		s.setHoldsCapacity(sl, true)
	}
}
