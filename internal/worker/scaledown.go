package worker

import (
	"cmp"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
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
	s.write(Select{ID: e.EventID, TaskID: e.TaskID(), Victims: e.victims, Asked: e.PodCount, At: s.now})
	s.close(e)
}

// selectSlot marks a slot as selected and takes it off its queue.
func (s *state) selectSlot(e *trackedEvent, sl *slot) {
	sl.selectedBy = e
	e.pendingVictims++
	if sl.phase == slotRequeued {
		s.queue.of(sl.event.Template).retries.remove(sl)
		sl.phase = slotBackoff
	}
}

// victimsCommitted terminates the victims of a scale_down whose selection is recorded.
func (s *state) victimsCommitted(e *trackedEvent) {
	e.settled = true
	s.terminateVictims(e)
}

func (s *state) terminateVictims(e *trackedEvent) {
	for _, v := range e.victims {
		if of := s.events[v.Event]; of != nil {
			s.terminate(&of.slots[v.Slot-1])
		}
	}
}

// terminate ends a victim as far as that is possible now: without a Pod at once, else when its Pod is gone. Called
// whenever a slot changes; slots that are not selected stay as they are.
func (s *state) terminate(sl *slot) {
	if sl.selectedBy == nil || !sl.selectedBy.settled || !s.listed {
		return
	}
	switch sl.phase {
	case slotWaiting, slotBackoff, slotRequeued:
		if sl.mayExist { // there may be a Pod whose answer was lost
			s.verify(sl)
			return
		}
		s.end(sl, verdictScaledDown(sl))
	case slotActive, slotUnverified:
		if sl.uid != "" {
			s.planRemoval(s.podOf(sl), sl.event.EventID, s.now, false).victim = sl
		}
	case slotCreating, slotEnding, slotEnded: // its reply comes here again; or it has its outcome
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
	all := s.waitingCandidates(e)
	for _, of := range s.events {
		if !e.mayTake(of.EventID, of.TaskID()) {
			continue
		}
		for i := range of.slots {
			if c, ok := of.slots[i].candidate(); ok {
				all = append(all, c)
			}
		}
	}
	slices.SortFunc(all, candidate.compare)
	return all[:min(len(all), e.PodCount)]
}

// mayTake reports whether a scale_down may select workers of an event.
func (e *trackedEvent) mayTake(id event.ID, task string) bool {
	return id.Compare(e.EventID) < 0 && (e.TaskID() == "" || e.TaskID() == task)
}

// candidate is not ok for a worker that has its outcome, is selected already, or is protected.
func (sl *slot) candidate() (candidate, bool) {
	c := candidate{id: sl.event.EventID, slot: sl.number, class: classRunning, since: sl.since}
	if sl.selectedBy != nil || sl.protected || sl.outcome != nil {
		return c, false
	}
	switch sl.phase {
	case slotCreating:
		c.class = classUnscheduled
	case slotWaiting, slotBackoff, slotRequeued, slotEnding, slotEnded: // ending without an outcome: it would start again
		c.class, c.since = classNoPod, time.Time{}
		if sl.mayExist {
			c.class = classUnscheduled
		}
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

// waitingCandidates are slots of packed events, of the newest events first, no more than are asked for.
func (s *state) waitingCandidates(e *trackedEvent) []candidate {
	var found []candidate
	for t := range s.queue.all() {
		n := 0
		for i := len(t.packed) - 1; i >= 0 && n < e.PodCount; i-- {
			p := &t.packed[i]
			if !p.mayBeOfTask(e.TaskID()) || !e.mayTake(p.id, t.taskOf(p, e.TaskID())) {
				continue
			}
			for slot := p.slots; slot > 0 && n < e.PodCount; slot, n = slot-1, n+1 {
				found = append(found, candidate{id: p.id, slot: slot})
			}
		}
	}
	return found
}

// taskOf is the task of a packed event, if it is of interest which.
func (t *templateQueue) taskOf(p *packedEvent, asked string) string {
	if asked == "" {
		return ""
	}
	ev := p.event(t.template)
	return ev.TaskID()
}
