package worker

import (
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// trackedEvent is an event the core keeps track of: accepted, and not yet forgotten.
type trackedEvent struct {
	event.Event
	acceptedAt time.Time
	recorded   bool // its record is committed
	settling   bool // its Settle, or its Select, is emitted
	settled    bool // and committed
	closing    bool // its Close is emitted
	closed     bool // and committed

	slots        []slot // index 0 is slot 1; none of a scale_down
	queued       bool   // in its queue, or was
	nextSlot     int    // how many of them, from the first on, were taken off the queue
	settledSlots int    // how many were created or have an outcome, committed or on its way
	counts       Counts // outcomes, committed or on their way; a scale_down's: those of its victims
	pods         int    // removals that are not done

	victims        []Victim // of a scale_down, once it has selected
	pendingVictims int      // how many of them have no outcome
}

func newEvent(ev event.Event, acceptedAt time.Time) *trackedEvent {
	e := &trackedEvent{Event: ev, acceptedAt: acceptedAt}
	if ev.Type == event.ScaleUp {
		e.slots = make([]slot, ev.PodCount)
	}
	for i := range e.slots {
		e.slots[i].event, e.slots[i].number, e.slots[i].attempt = e, i+1, 1
	}
	return e
}

// skip moves the range of slots to start past those that are under way already, or that never will be.
func (e *trackedEvent) skip() {
	for e.nextSlot < len(e.slots) && !e.slots[e.nextSlot].startable() {
		e.nextSlot++
	}
}

// isUntouched reports whether nothing of the event is under way, so that it may wait packed.
func (e *trackedEvent) isUntouched() bool {
	for i := range e.slots {
		if sl := &e.slots[i]; !sl.startable() || sl.seen != nil {
			return false
		}
	}
	return true
}

// findEvent is the event of that ID, unpacked if it waits; nil if it is not known.
func (s *state) findEvent(id event.ID) *trackedEvent {
	if e := s.events[id]; e != nil {
		return e
	}
	if t, i := s.queue.find(id); t != nil {
		return s.track(t.unpack(i))
	}
	return nil
}

func (s *state) track(e *trackedEvent) *trackedEvent {
	s.events[e.EventID] = e
	return e
}

// isPacked reports whether the event of that ID is queued with nothing under way.
func (s *state) isPacked(id event.ID) bool {
	t, _ := s.queue.find(id)
	return t != nil
}

// pack stops tracking an event of which nothing is under way: it waits in its queue.
func (s *state) pack(e *trackedEvent) {
	delete(s.events, e.EventID)
	s.queue.of(e.Template).packed.add(packEvent(e))
}

// activate lets an event act whose record is committed, once it is known which Pods there are.
func (s *state) activate(e *trackedEvent) {
	if e.isScaleDown() {
		s.activateScaleDown(e)
		return
	}
	s.claimSeenPods(e)
	if !e.queued && e.isUntouched() {
		s.pack(e)
		return
	}
	s.queue.of(e.Template).started.add(e)
}

// claimSeenPods finds the slots whose Pod the watch has shown already: the process died between the create and its record.
func (s *state) claimSeenPods(e *trackedEvent) {
	for i := range e.slots {
		if sl := &e.slots[i]; sl.phase == slotWaiting && sl.seen != nil {
			s.podCreated(sl, sl.seen.Ref.UID)
		}
	}
}

// hasOpenWorkers reports whether an outcome is missing: of a scale_up one of its workers', of a scale_down one of its
// victims', or their selection.
func (e *trackedEvent) hasOpenWorkers() bool {
	if e.isScaleDown() {
		return !e.settling || e.pendingVictims > 0
	}
	return e.counts.Total() < len(e.slots)
}

func (e *trackedEvent) isScaleDown() bool { return e.Type == event.ScaleDown }
