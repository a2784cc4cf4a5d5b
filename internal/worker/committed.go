package worker

import (
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/retry"
)

// committed handles the commit of the n oldest writes, and releases what waited for them.
func (s *state) committed(n int) {
	done := s.uncommitted[:n]
	s.uncommitted = s.uncommitted[n:]
	for _, w := range done {
		s.intake.lastAccepted = higher(s.intake.lastAccepted, acceptedID(w))
		s.seqCommitted(w)
		switch w := w.(type) {
		case Accept:
			s.accepted(s.events[w.Event.EventID])
		case Restore:
			s.eventRebuilt(s.events[w.Record.Event.EventID])
		case Select:
			s.victimsCommitted(s.events[w.ID])
		case Cancel:
			s.cancelCommitted(s.events[w.ID])
		case Pause:
			s.pauseCommitted(w)
		case Progress:
			if w.State == StateRetrying {
				s.nextAttempt(s.slotOf(w.Report), w.At)
			}
		case Outcome:
			s.ended(s.slotOf(w.Report))
		case Settle:
			s.events[w.ID].settled = true
		case Close:
			e := s.events[w.ID]
			e.closed = true
			s.forgetIfDone(e)
		case Reject:
			s.intake.refusalCommitted(w.ID)
		case Duplicate:
			s.intake.refusalCommitted(w.ID)
		case Ack:
			s.intake.refusalCommitted(w.ID)
		}
	}
}

// seqCommitted notes which entry on the status stream is the last one of its event.
func (s *state) seqCommitted(w Write) {
	if id, seq := SeqOf(w); seq > 0 {
		if e := s.events[id]; e != nil {
			e.recordedSeq = int32(seq) //nolint:gosec // counted from 1
		}
	}
}

// acceptedID is the entry that a write decides on; the zero ID if none.
func acceptedID(w Write) event.ID {
	switch w := w.(type) {
	case Accept:
		return w.Event.EventID
	case Duplicate:
		return w.ID
	case Reject:
		return w.ID
	}
	return event.ID{}
}

func (s *state) accepted(e *trackedEvent) {
	e.recorded = true
	s.intake.accepted(&e.Event)
	if e.IdempotencyKey != "" {
		s.intake.expiring = append(s.intake.expiring, expiring{id: e.EventID, key: e.IdempotencyKey})
	}
	if s.orphans.get(e.EventID) != nil && e.Type == event.ScaleUp {
		s.enterTracked(e)
	}
	s.attachOrphanPods(e)
	if s.listed {
		s.activate(e)
	}
}

func (s *state) slotOf(r Report) *slot { return &s.events[r.ID].slots[r.Slot-1] }

// ended plans the removal of the Pod of a worker whose outcome is committed.
func (s *state) ended(sl *slot) {
	sl.phase = slotEnded
	switch ref := s.podOf(sl); {
	case sl.absent:
		s.dropRemoval(s.removals.get(ref))
	case sl.uid != "":
		s.handPlace(sl, s.planRemoval(ref, sl.event.EventID, s.removeAt(sl, sl.ended)))
	}
	s.scheduler.Release(&sl.place)
	if o := sl.seen; o != nil {
		sl.seen = nil
		s.handleLatePod(sl, o)
	}
}

// nextAttempt gives a worker its next Pod after a backoff, and plans the removal of the one before.
func (s *state) nextAttempt(sl *slot, at time.Time) {
	if !sl.absent {
		s.planRemoval(s.podOf(sl), sl.event.EventID, at.Add(s.FailedTTL))
	}
	s.resetSlot(sl, at)
}

// resetSlot makes a slot ready for its next attempt, after a backoff that counts from the record of the end of the last one.
// A selected one gets none.
func (s *state) resetSlot(sl *slot, ended time.Time) {
	s.scheduler.Release(&sl.place)
	*sl = slot{event: sl.event, number: sl.number, attempt: sl.attempt + 1, settled: true, phase: slotBackoff, selectedBy: sl.selectedBy}
	switch failing := sl.event.failing; {
	case sl.selectedBy != nil:
		s.terminate(sl)
	case failing != nil && sl.failsWaiting():
		s.end(sl, *failing)
	default:
		s.wakeAt(sl, ended.Add(retry.Backoff(sl.attempt+1, time.Minute)))
	}
}
