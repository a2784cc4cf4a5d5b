package worker

import (
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/retry"
	"time"
)

// committed handles the commit of the n oldest writes, and releases what waited for them.
func (s *state) committed(n int) {
	done := s.unwritten[:n]
	s.unwritten = s.unwritten[n:]
	for _, w := range done {
		s.highest = higher(s.highest, takenIn(w))
		switch w := w.(type) {
		case Accept:
			s.accepted(s.events[w.Event.EventID])
		case Restore:
			s.adopted(s.events[w.Record.Event.EventID])
		case Select:
			s.chosen(s.events[w.ID])
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
			s.drop(e)
		case Reject:
			s.refusalCommitted(w.ID)
		case Duplicate:
			s.refusalCommitted(w.ID)
		case Ack:
			s.refusalCommitted(w.ID)
		}
	}
}

func (s *state) refusalCommitted(id event.ID) {
	if r := s.refusals[id]; r != nil {
		r.unwritten--
		s.leaving = append(s.leaving, leaving{id: id})
	}
}

// takenIn is the entry that a write takes in; the zero ID if none.
func takenIn(w Write) event.ID {
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
	if e.IdempotencyKey != "" {
		s.leaving = append(s.leaving, leaving{id: e.EventID, key: e.IdempotencyKey})
	}
	s.reclaim(e)
	if s.listed {
		s.begin(e)
	}
}

func (s *state) slotOf(r Report) *slot { return &s.events[r.ID].slots[r.Slot-1] }

// ended plans the removal of the Pod of a worker whose outcome is committed.
func (s *state) ended(sl *slot) {
	sl.phase = slotEnded
	lives := sl.occupies
	s.occupy(sl, false)
	switch ref := s.podOf(sl); {
	case sl.absent:
		s.forget(ref)
	case sl.uid != "":
		s.keep(ref, sl.event.EventID, s.keepUntil(sl, sl.ended), lives)
	}
	if o := sl.seen; o != nil {
		sl.seen = nil
		s.late(sl, o)
	}
}

// nextAttempt gives a worker its next Pod after a pause, and plans the removal of the one before.
func (s *state) nextAttempt(sl *slot, at time.Time) {
	if !sl.absent {
		s.keep(s.podOf(sl), sl.event.EventID, at.Add(s.FailedTTL), false)
	}
	s.renew(sl, at)
}

// renew makes a slot ready for its next attempt, after a pause that counts from the record of the end of the last one.
// A doomed one gets none.
func (s *state) renew(sl *slot, ended time.Time) {
	*sl = slot{event: sl.event, number: sl.number, attempt: sl.attempt + 1, marked: true, phase: slotPauses, doom: sl.doom}
	if sl.doom != nil {
		s.cull(sl)
		return
	}
	s.alarm(sl, ended.Add(retry.Backoff(sl.attempt+1, time.Minute)))
}
