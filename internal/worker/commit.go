package worker

import "time"

// committed handles the commit of the n oldest writes, and releases what waited for them.
func (s *state) committed(n int) {
	done := s.unwritten[:n]
	s.unwritten = s.unwritten[n:]
	for _, w := range done {
		switch w := w.(type) {
		case Accept:
			e := s.events[w.Event.EventID]
			e.recorded = true
			if s.listed {
				s.enqueue(e)
			}
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
			s.leaving = append(s.leaving, leaving{id: w.ID})
		case Duplicate:
			s.leaving = append(s.leaving, leaving{id: w.ID})
		}
	}
}

func (s *state) slotOf(r Report) *slot { return &s.events[r.ID].slots[r.Slot-1] }

// ended plans the removal of the Pod of a worker whose outcome is committed.
func (s *state) ended(sl *slot) {
	sl.phase = slotEnded
	if sl.uid != "" {
		s.keep(s.podOf(sl), sl.event, s.keepUntil(sl, sl.ended))
	}
}

// nextAttempt gives a worker its next Pod after a pause, and plans the removal of the one before.
func (s *state) nextAttempt(sl *slot, at time.Time) {
	s.keep(s.podOf(sl), sl.event, at.Add(s.FailedTTL))
	s.renew(sl, at)
}

// renew makes a slot ready for its next attempt, after a pause that counts from the record of the end of the last one.
func (s *state) renew(sl *slot, ended time.Time) {
	*sl = slot{event: sl.event, number: sl.number, attempt: sl.attempt + 1, marked: true, phase: slotPauses}
	s.alarm(sl, ended.Add(backoff(sl.attempt+1, time.Minute)))
}
