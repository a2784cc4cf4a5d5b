package worker

// load rebuilds the core from the open records, at the start of a term. Nothing is started before the first complete
// observation shows which Pods there are.
func (s *state) load(in loaded) {
	s.before = in.mark
	for i := range in.records {
		s.restore(&in.records[i])
	}
}

func (s *state) restore(rec *Record) {
	e := newEvent(rec.Event, s.now)
	e.recorded, e.settling, e.settled = true, rec.Settled, rec.Settled
	s.events[e.EventID] = e
	if e.IdempotencyKey != "" {
		s.keys[e.IdempotencyKey] = holding{e.EventID, e.Hash()}
	}
	for i := range e.slots {
		if i < len(rec.Slots) {
			s.restoreSlot(&e.slots[i], rec.Slots[i])
		}
	}
	// A crash between two commits may have left the last ones of an event unsaid.
	s.settle(e)
	s.close(e)
}

func (s *state) restoreSlot(sl *slot, rec SlotRecord) {
	if rec.Attempt < 1 {
		return
	}
	sl.attempt, sl.uid, sl.node, sl.since = rec.Attempt, rec.UID, rec.Node, rec.At
	sl.marked = true
	sl.event.marked++
	switch {
	case rec.State.IsOutcome():
		sl.phase, sl.succeeded = slotEnded, rec.State == StateSucceeded
		sl.event.counts.add(rec.State)
	case rec.State == StateRetrying:
		s.renew(sl, rec.At)
	default:
		sl.phase, sl.running = slotLives, rec.State == StateRunning
		s.occupy(sl, true)
	}
}
