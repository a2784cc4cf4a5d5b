package worker

import (
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// load rebuilds the core from the open records, at the start of a term, page by page. Nothing is started before the first
// complete observation shows which Pods there are.
func (s *state) load(in loaded) {
	s.loadClocks(in.clocks)
	before := higher(s.intake.lastAcceptedBefore, in.lastAccepted)
	s.intake.lastAcceptedBefore, s.intake.lastAccepted, s.intake.lastDecided = before, before, before
	s.loadControls(in)
	s.intake.replaced = higher(s.intake.replaced, in.replaced)
	s.intake.completeSince = higher(s.intake.completeSince, in.completeSince)
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
	e := newEvent(rec.Event, notAfter(acceptedAt(rec), s.now))
	e.refusedAt = notAfter(rec.RefusedAt, s.now)
	e.recorded, e.settling, e.settled = true, rec.Settled, rec.Settled
	e.seq, e.recordedSeq = int32(rec.Seq), int32(rec.Seq) //nolint:gosec // a Journal bounds it
	s.track(e)
	switch e.Type {
	case event.ScaleDown:
		s.restoreVictims(e, rec)
		return
	case event.Cancel:
		e.counts = rec.Counts
		if e.settled {
			s.enforceCancel(e)
		}
		return
	}
	if rec.Rebuilt {
		e.failing = lostWithItsRecord()
	}
	for i := range e.slots {
		if i < len(rec.Slots) {
			restorePhase(&e.slots[i], rec.Slots[i])
		}
	}
	s.enter(e) // most of a hundred thousand are packed now
	if s.events[e.EventID] == nil {
		return
	}
	for i := range e.slots {
		if i < len(rec.Slots) {
			s.restoreSlot(&e.slots[i], rec.Slots[i])
		}
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

// acceptedAt is when an event was accepted: a record of an old version may not say.
func acceptedAt(rec *Record) time.Time {
	if rec.AcceptedAt.IsZero() {
		return rec.Event.EventID.Time()
	}
	return rec.AcceptedAt
}

// notAfter is at, unless that is zero or ahead of now: somebody's clock was ahead of ours.
func notAfter(at, now time.Time) time.Time {
	if at.After(now) {
		return now
	}
	return at
}

// restorePhase says how far a slot had come, before the scheduler counts those that may start.
func restorePhase(sl *slot, rec SlotRecord) {
	switch {
	case rec.Attempt < 1:
	case rec.State.IsOutcome():
		sl.phase = slotEnded
	case rec.State == StateRetrying:
		sl.phase = slotBackoff
	default:
		sl.phase = slotActive
	}
}

func (s *state) restoreSlot(sl *slot, rec SlotRecord) {
	if rec.Attempt < 1 {
		return
	}
	rec.At = notAfter(rec.At, s.now)
	sl.attempt, sl.uid, sl.node, sl.since = rec.Attempt, rec.UID, rec.Node, rec.At
	sl.settled = true
	sl.event.settledSlots++
	switch {
	case rec.State.IsOutcome():
		sl.outcome = &rec
		sl.event.counts.Add(rec.State, 1)
	case rec.State == StateRetrying:
		s.resetSlot(sl, rec.At)
	default:
		sl.running = rec.State == StateRunning
		sl.protected = s.protects(sl)
		s.restoreClocks(sl)
		s.occupy(sl)
	}
}
