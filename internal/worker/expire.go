package worker

// failWaiting ends the slots of an event that have no Pod, a few in each step. Those whose POST is in flight are decided by
// its reply.
func (s *state) failWaiting(e *trackedEvent, d decision) {
	if e.failing != nil && e.failing.reason != ReasonStartDeadline { // that leaves out workers which had a Pod
		return
	}
	e.failing = &d
	for i := range e.slots {
		if sl := &e.slots[i]; sl.failsWaiting() {
			s.setStartable(sl, false)
		}
	}
	s.agenda.push(&failChore{event: e})
}

// expireWaiting fails the events that had to start by now and did not: a few at a time, since each is unpacked for it.
func (s *state) expireWaiting() {
	if !s.listed || !s.agenda.empty() {
		return
	}
	for _, ref := range s.scheduler.Expire(s.now) {
		e := s.eventAt(ref)
		s.failWaiting(e, decision{
			state: StateFailed, reason: ReasonStartDeadline, message: "the worker had no Pod within " + e.StartDeadline.String(),
		})
	}
}

// failsWaiting reports whether a slot without a Pod ends with its event's failing. One that had a Pod once has started: no
// deadline of the start concerns it.
func (sl *slot) failsWaiting() bool {
	return sl.event.failing.reason != ReasonStartDeadline || !sl.settled
}

// failChore ends the slots without a Pod of an event that fails.
type failChore struct {
	event *trackedEvent
	next  int
}

func (c *failChore) do(s *state) (done bool) {
	e := c.event
	for ; c.next < len(e.slots); c.next++ {
		if !s.hasBudget() {
			return false
		}
		sl := &e.slots[c.next]
		if (sl.phase == slotWaiting || sl.phase == slotBackoff) && sl.selectedBy == nil && sl.failsWaiting() {
			s.end(sl, *e.failing)
		}
	}
	return true
}
