package worker

import (
	"cmp"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

// activateScaleDown lets a scale_down act: it selects its victims, unless an earlier term did.
func (s *state) activateScaleDown(e *trackedEvent) {
	if e.settled {
		s.terminateVictims(e)
		return
	}
	s.selectVictims(e)
}

// selectVictims selects the victims of a scale_down among the workers of earlier events. From now on nothing is created for
// them; they are terminated when the selection is recorded, so that the same ones are terminated after any crash.
func (s *state) selectVictims(e *trackedEvent) {
	e.settling = true
	for _, c := range s.candidates(e) {
		v := Victim{Event: c.id, Slot: c.slot}
		e.victims = append(e.victims, v)
		s.selectSlot(e, &s.findEvent(c.id).slots[c.slot-1])
	}
	s.write(Select{
		ID: e.EventID, TaskID: e.TaskID(), Queue: e.Queue, Seq: e.nextSeq(), Victims: e.victims, Asked: e.PodCount, At: s.now,
	})
	s.close(e)
}

// selectSlot marks a slot as selected: it does not start any more.
func (s *state) selectSlot(e *trackedEvent, sl *slot) {
	sl.selectedBy = e
	e.pendingVictims++
	s.setStartable(sl, false)
}

// victimsCommitted terminates the victims of a scale_down whose selection is recorded.
func (s *state) victimsCommitted(e *trackedEvent) {
	e.settled = true
	s.terminateVictims(e)
}

func (s *state) terminateVictims(e *trackedEvent) { s.agenda.push(&terminateChore{event: e}) }

// terminateChore terminates the victims of a scale_down.
type terminateChore struct {
	event *trackedEvent
	next  int
}

func (c *terminateChore) do(s *state) (done bool) {
	for ; c.next < len(c.event.victims); c.next++ {
		if !s.hasBudget() {
			return false
		}
		v := c.event.victims[c.next]
		if of := s.events[v.Event]; of != nil {
			s.terminate(&of.slots[v.Slot-1])
		}
	}
	return true
}

// terminate ends a victim as far as that is possible now: without a Pod at once, else when its Pod is gone. Called
// whenever a slot changes; slots that are not selected stay as they are.
func (s *state) terminate(sl *slot) {
	if sl.selectedBy == nil || !sl.selectedBy.settled || !s.listed {
		return
	}
	switch sl.phase {
	case slotWaiting, slotBackoff:
		s.end(sl, verdictSelected(sl))
	case slotActive, slotUnverified:
		s.planRemoval(s.podOf(sl), sl.event.EventID, s.now).victim = sl
	case slotCreating, slotAmbiguous, slotEnding, slotEnded: // its reply comes here again; or it has its outcome
	}
}

// candidate is a worker that a scale_down may select.
type candidate struct {
	id    event.ID
	slot  int
	class int       // what is lost with it: the less, the sooner it is selected
	since time.Time // of its Pod
}

// The classes of candidates.
const (
	classNoPod = iota
	classUnscheduled
	classNotRunning
	classRunning
)

// compare orders candidates: without a Pod the newest event first and of it the highest slot; with one the youngest.
func (c candidate) compare(other candidate) int {
	return cmp.Or(
		cmp.Compare(c.class, other.class), other.since.Compare(c.since), other.id.Compare(c.id), cmp.Compare(other.slot, c.slot),
	)
}

// candidates are the workers that a scale_down selects, the first one first, as many as it asks for at most.
func (s *state) candidates(e *trackedEvent) []candidate {
	if e.TaskID() != "" {
		return e.first(s.taskCandidates(e))
	}
	all := s.waitingCandidates(e)
	for _, of := range s.events {
		if e.mayTake(&of.Event) {
			all = of.addCandidates(all)
		}
	}
	return e.first(all)
}

// first are the candidates that are selected first.
func (e *trackedEvent) first(all []candidate) []candidate {
	slices.SortFunc(all, candidate.compare)
	return all[:min(len(all), e.PodCount)]
}

// mayTake reports whether a scale_down or cancel may select workers of an event.
func (e *trackedEvent) mayTake(of *event.Event) bool {
	switch {
	case of.EventID.Compare(e.EventID) >= 0:
		return false
	case !e.Target.IsZero():
		return of.EventID == e.Target
	}
	return of.Queue == e.Queue && (e.TaskID() == "" || e.TaskID() == of.TaskID())
}

func (e *trackedEvent) addCandidates(all []candidate) []candidate {
	for i := range e.slots {
		if c, ok := e.slots[i].candidate(); ok {
			all = append(all, c)
		}
	}
	return all
}

// protects reports whether the slot's template protects its Pods. Each Pod may say otherwise, once the watch shows it.
func (s *state) protects(sl *slot) bool { return s.Protected != nil && s.Protected(sl.event.Template) }

// candidate is not ok for a worker that has its outcome, is selected already, or is protected.
func (sl *slot) candidate() (candidate, bool) {
	c := candidate{id: sl.event.EventID, slot: sl.number, class: classRunning, since: sl.since}
	if sl.selectedBy != nil || sl.protected || sl.outcome != nil {
		return c, false
	}
	switch sl.phase {
	case slotCreating, slotAmbiguous:
		c.class = classUnscheduled
	case slotWaiting, slotBackoff, slotEnding, slotEnded: // ending without an outcome: it would start again
		c.class, c.since = classNoPod, time.Time{}
	case slotActive, slotUnverified:
		switch {
		case sl.node == "":
			c.class = classUnscheduled
		case !sl.running:
			c.class = classNotRunning
		}
	}
	return c, true
}

// waitingCandidates are slots of packed events of a queue, of the newest events first, no more than are asked for.
func (s *state) waitingCandidates(e *trackedEvent) []candidate {
	var found []candidate
	for ref := range s.scheduler.Waiting(e.Queue) {
		if len(found) >= e.PodCount {
			break
		}
		if id := s.scheduler.Event(ref); id.Compare(e.EventID) < 0 {
			found = s.addPacked(found, ref, e.PodCount)
		}
	}
	return found
}

// addPacked adds the slots of a packed event, the highest first, up to n candidates in all.
func (s *state) addPacked(all []candidate, ref queue.Ref, n int) []candidate {
	for slot := s.scheduler.Slots(ref); slot > 0 && len(all) < n; slot-- {
		all = append(all, candidate{id: s.scheduler.Event(ref), slot: slot})
	}
	return all
}

// taskCandidates are those of one task: of its packed events the newest ones, no more slots than are asked for.
func (s *state) taskCandidates(e *trackedEvent) []candidate {
	var all []candidate
	var packed []queue.Ref
	for ref := range s.scheduler.OfTask(e.Queue, e.TaskID()) {
		id := s.scheduler.Event(ref)
		if id.Compare(e.EventID) >= 0 {
			continue
		}
		if of := s.events[id]; of != nil {
			all = of.addCandidates(all)
		} else {
			packed = append(packed, ref)
		}
	}
	slices.SortFunc(packed, func(a, b queue.Ref) int { return s.scheduler.Event(b).Compare(s.scheduler.Event(a)) })
	var waiting []candidate
	for _, ref := range packed {
		waiting = s.addPacked(waiting, ref, e.PodCount)
	}
	return append(all, waiting...)
}
