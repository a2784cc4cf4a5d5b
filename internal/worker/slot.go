package worker

import "time"

// slotPhase is how far a slot has come.
type slotPhase uint8

const (
	slotWaiting    slotPhase = iota // no Pod was asked for yet, or not for this attempt
	slotCreating                    // a POST is in flight
	slotBackoff                     // until wakeTime, then it is queued again
	slotRequeued                    // in its queue's retries
	slotActive                      // its Pod exists, as far as is known
	slotUnverified                  // the watch does not show its Pod: the API server is asked
	slotEnding                      // its outcome, or the end of this attempt, is being written
	slotEnded                       // its outcome is committed
)

// slot is one of the N places of an event and the worker in it.
type slot struct {
	event   *trackedEvent
	number  int // 1..
	attempt int // 1..
	tries   int // POSTs of this attempt that did not succeed
	phase   slotPhase

	holdsCapacity bool // counted in state.holdingCapacity: it has, or may have, a Pod
	mayExist      bool // a reply to a POST of this attempt was lost
	settled       bool // that it was created, or its outcome, is committed or on its way
	running       bool // recorded as running
	deleting      bool // a deletion by somebody else was seen
	unbound       bool // the watch showed its deletion, and that it was on no node
	protected     bool // its owner lets no scale_down take it
	ended         bool // no container of its Pod will run any more
	absent        bool // the API server itself said that its Pod is gone
	uid           string
	node          string
	selectedBy    *trackedEvent // the scale_down that takes it: never created again, never retried
	outcome       *SlotRecord   // once it has one

	since        time.Time    // when its Pod was created, then when it ran; when its name was found taken; when it ended
	pullingSince time.Time    // since when its image cannot be pulled
	seen         *Observation // the last one, as long as time alone may change what it means
	wakeTime     time.Time
}

// startable: nothing was tried for it, and it is not selected.
func (sl *slot) startable() bool { return sl.phase == slotWaiting && sl.selectedBy == nil }

func (s *state) podOf(sl *slot) PodRef {
	return PodRef{Name: s.Names.Pod(sl.event.EventID, sl.number, sl.attempt), UID: sl.uid}
}

// setHoldsCapacity counts a slot in or out of what holds capacity.
func (s *state) setHoldsCapacity(sl *slot, yes bool) {
	if sl.holdsCapacity == yes {
		return
	}
	sl.holdsCapacity = yes
	if yes {
		s.holdingCapacity++
	} else {
		s.holdingCapacity--
	}
}

func (s *state) wakeAt(sl *slot, at time.Time) {
	sl.wakeTime = at
	s.timers.set(timer{at: at, slot: sl})
}

// wake handles a slot whose time has come.
func (s *state) wake(sl *slot) {
	sl.wakeTime = time.Time{}
	switch sl.phase {
	case slotBackoff:
		if sl.selectedBy == nil {
			sl.phase = slotRequeued
			s.queue.of(sl.event.Template).retries.add(sl)
		}
	case slotActive:
		if sl.seen != nil {
			s.evaluate(sl, sl.seen)
		}
	case slotUnverified:
		s.check(sl)
	}
}

// podCreated records that a slot's Pod exists, and handles what the watch showed of it before that was known.
func (s *state) podCreated(sl *slot, uid string) {
	s.setHoldsCapacity(sl, true)
	sl.phase, sl.uid, sl.since, sl.mayExist = slotActive, uid, s.now, false
	r := s.report(sl, decision{state: StateCreated})
	if sl.attempt == 1 {
		r.Began = sl.event.acceptedAt
	}
	s.write(Progress{r})
	s.settleSlot(sl)
	if o := sl.seen; o != nil {
		sl.seen = nil
		s.observeSlot(sl, o)
	}
	s.terminate(sl)
}

// settleSlot counts a slot that was created or has an outcome; with the last one the event settles.
func (s *state) settleSlot(sl *slot) {
	if !sl.settled {
		sl.settled = true
		sl.event.settledSlots++
	}
	s.settle(sl.event)
}

func (s *state) settle(e *trackedEvent) {
	if e.settledSlots == len(e.slots) && !e.settling {
		e.settling = true
		s.write(Settle{ID: e.EventID, TaskID: e.TaskID(), At: s.now})
	}
}
