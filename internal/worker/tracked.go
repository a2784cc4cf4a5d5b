package worker

import (
	"math"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

// trackedEvent is an event the core keeps track of: accepted, and not yet forgotten.
type trackedEvent struct {
	event.Event
	ref        queue.Ref // in the scheduler; zero: a scale_down, a cancel, or not there yet
	acceptedAt time.Time
	refusedAt  time.Time // when the API server first refused a Pod of it, while that counts; zero: never
	recorded   bool      // its record is committed
	settling   bool      // its Settle, Select or Cancel is emitted
	settled    bool      // and committed
	closing    bool      // its Close is emitted
	closed     bool      // and committed

	seq         int32 // of its last entry on the status stream, committed or on its way; 0: none, or not known
	recordedSeq int32 // of the last one committed

	slots        []slot    // index 0 is slot 1; none of a scale_down or cancel
	nextSlot     int       // no slot before it may start
	settledSlots int       // how many were created or have an outcome, committed or on its way
	counts       Counts    // outcomes, committed or on their way; of a scale_down or cancel: those of its victims
	pods         int       // removals that are not done
	failing      *decision // its slots without a Pod end like this; nil: they do not

	victims        []Victim // of a scale_down, once it has selected
	pendingVictims int      // of a scale_down or cancel: those without an outcome
	selecting      bool     // a cancel that has not found all its victims yet
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

// nextSeq numbers the next entry of the event on the status stream: 1, 2, 3 without gaps, whichever term writes it.
func (e *trackedEvent) nextSeq() int {
	e.seq++
	return int(e.seq)
}

// isUntouched reports whether nothing of the event is under way, so that it may wait packed.
func (e *trackedEvent) isUntouched() bool {
	for i := range e.slots {
		sl := &e.slots[i]
		if sl.phase != slotWaiting || sl.attempt > 1 || sl.selectedBy != nil || sl.seen != nil || sl.holdsPlace() {
			return false
		}
	}
	return e.refusedAt.IsZero() && e.failing == nil
}

// findEvent is the event of that ID, unpacked if it waits; nil if it is not known.
func (s *state) findEvent(id event.ID) *trackedEvent {
	if e := s.events[id]; e != nil {
		return e
	}
	if ref := s.scheduler.Find(id); ref != 0 {
		return s.unpack(ref)
	}
	return nil
}

// eventAt is the event at a ref, unpacked if it waits.
func (s *state) eventAt(ref queue.Ref) *trackedEvent { return s.findEvent(s.scheduler.Event(ref)) }

func (s *state) track(e *trackedEvent) *trackedEvent {
	s.events[e.EventID] = e
	return e
}

// isPacked reports whether the event of that ID waits with nothing under way.
func (s *state) isPacked(id event.ID) bool {
	ref := s.scheduler.Find(id)
	return ref != 0 && s.scheduler.Packed(ref)
}

// unpack tracks an event that waited packed: something of it is about to happen.
func (s *state) unpack(ref queue.Ref) *trackedEvent {
	at := s.scheduler.AcceptedAt(ref)
	e := newEvent(recallPacked(s.scheduler.Event(ref), s.scheduler.Unpack(ref)), at)
	e.ref, e.recorded = ref, true
	e.seq, e.recordedSeq = 1, 1 // the status stream has its acceptance, and nothing else happened
	for i := range e.slots {
		e.slots[i].startable = true
	}
	return s.track(e)
}

// recallPacked is the event that was packed with these fields.
func recallPacked(id event.ID, fields map[string]string) event.Event {
	ev, bad := event.Recall(id, fields, math.MaxInt32)
	if bad != nil {
		panic("a packed event does not decode: " + bad.Reason) // a bug: it was decoded once
	}
	return ev
}

// enter hands an event to the scheduler: packed if nothing of it is under way. Its slots wait for their turn.
func (s *state) enter(e *trackedEvent) {
	if !e.isUntouched() {
		s.enterTracked(e)
		return
	}
	entry := s.entryOf(e)
	entry.Slots, entry.Fields = len(e.slots), e.Fields()
	delete(s.events, e.EventID)
	s.scheduler.Add(entry)
}

// enterTracked is enter for an event that is tracked on: something of it is under way, or about to be.
func (s *state) enterTracked(e *trackedEvent) {
	e.ref = s.scheduler.Add(s.entryOf(e))
	for i := range e.slots {
		if sl := &e.slots[i]; sl.phase == slotWaiting {
			s.setStartable(sl, sl.selectedBy == nil && e.failing == nil)
		}
	}
}

func (s *state) entryOf(e *trackedEvent) queue.Entry {
	entry := queue.Entry{
		ID: e.EventID, Queue: e.Queue, Template: e.Template, Shape: s.controls.policy.Shape(&e.Event), Task: e.TaskID(),
		AcceptedAt: e.acceptedAt, RefusedAt: e.refusedAt, Priority: s.controls.policy.ClassNumber(e.Priority), MaxParallel: e.MaxParallel,
	}
	if e.StartDeadline > 0 {
		entry.StartBy = e.acceptedAt.Add(e.StartDeadline)
	}
	return entry
}

// activate lets an event act whose record is committed, once it is known which Pods there are.
func (s *state) activate(e *trackedEvent) {
	switch {
	case e.Type == event.ScaleDown:
		s.activateScaleDown(e)
		return
	case e.Type == event.Cancel:
		s.activateCancel(e)
		return
	case e.ref == 0:
		s.enter(e)
	}
	s.claimSeenPods(e)
	if e.failing != nil { // it was rebuilt in an earlier term
		s.agenda.push(&failChore{event: e})
	}
}

// claimSeenPods finds the slots whose Pod the watch has shown already: the process died between the create and its record.
func (s *state) claimSeenPods(e *trackedEvent) {
	for i := range e.slots {
		if sl := &e.slots[i]; sl.phase == slotWaiting && sl.seen != nil {
			s.podCreated(sl, sl.seen.Ref.UID)
		}
	}
}

// hasOpenWorkers reports whether an outcome is missing: of a scale_up one of its workers', of a scale_down or cancel one of
// its victims', or their selection.
func (e *trackedEvent) hasOpenWorkers() bool {
	if e.takesWorkers() {
		return !e.settling || e.selecting || e.pendingVictims > 0
	}
	return e.counts.Total() < len(e.slots)
}

// takesWorkers reports whether the event takes workers away instead of starting them.
func (e *trackedEvent) takesWorkers() bool { return e.Type != event.ScaleUp }
