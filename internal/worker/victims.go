package worker

import (
	"cmp"
	"fmt"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"slices"
	"strings"
	"time"
)

// reasonScaledDown is why a victim is cancelled.
const reasonScaledDown = "ScaledDown"

// takeDown lets a scale_down act: it chooses its victims, unless an earlier term did.
func (s *state) takeDown(e *trackedEvent) {
	if e.settled {
		s.cullAll(e)
		return
	}
	s.choose(e)
}

// choose picks the victims of a scale_down among the workers of earlier events. From now on nothing is created for them;
// they are taken when the choice is recorded, so that the same ones are taken however often we die.
func (s *state) choose(e *trackedEvent) {
	picked := s.candidates(e)
	e.settling = true
	for _, c := range picked {
		v := Victim{Event: c.id, Slot: c.slot}
		e.victims = append(e.victims, v)
		s.doom(e, &s.inHandOrWaiting(c.id).slots[c.slot-1])
	}
	s.write(Select{ID: e.EventID, TaskID: e.TaskID(), Victims: e.victims, Asked: e.PodCount, At: s.now})
	s.close(e)
}

// doom marks a slot as chosen and takes it off its queue.
func (s *state) doom(e *trackedEvent, sl *slot) {
	sl.doom = e
	e.due++
	if sl.phase == slotAgain {
		s.line(sl.event.Template).drop(sl)
		sl.phase = slotPauses
	}
}

// chosen takes the victims of a scale_down whose choice is recorded.
func (s *state) chosen(e *trackedEvent) {
	e.settled = true
	s.cullAll(e)
}

func (s *state) cullAll(e *trackedEvent) {
	for _, v := range e.victims {
		if of := s.events[v.Event]; of != nil {
			s.cull(&of.slots[v.Slot-1])
		}
	}
}

// cull takes a victim away as far as that is possible now: without a Pod at once, else when its Pod is gone. Called
// whenever something becomes of the slot; of others than victims it wants nothing.
func (s *state) cull(sl *slot) {
	if sl.doom == nil || !sl.doom.settled || !s.listed {
		return
	}
	switch sl.phase {
	case slotWaits, slotPauses, slotAgain:
		if sl.unsure { // there may be a Pod, of an answer that got lost
			sl.phase = slotChecked
			s.check(sl)
			return
		}
		s.end(sl, takenAway(sl))
	case slotLives, slotChecked:
		if sl.uid != "" {
			s.keep(s.podOf(sl), sl.event.EventID, s.now, false).doomed = sl
		}
	case slotCreating, slotEnding, slotEnded: // its reply comes here again; or it has its outcome
	}
}

// candidate is a worker that a scale_down may take.
type candidate struct {
	id    event.ID
	slot  int
	class int       // what is lost with it: the less, the sooner it is taken
	since time.Time // of its Pod
}

// The classes of candidates.
const (
	withoutPod = iota
	unscheduled
	notRunning
	running
)

// compare orders candidates: without a Pod the newest event first and of it the highest slot; with one the youngest.
func (c candidate) compare(other candidate) int {
	return cmp.Or(
		cmp.Compare(c.class, other.class), other.since.Compare(c.since), other.id.Compare(c.id), cmp.Compare(other.slot, c.slot),
	)
}

// candidates are the workers that a scale_down takes, the first one first, as many as it asks for at most.
func (s *state) candidates(e *trackedEvent) []candidate {
	all := s.waitingCandidates(e)
	for _, of := range s.events {
		if !e.reaches(of.EventID, of.TaskID()) {
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

// reaches reports whether a scale_down may take workers of an event.
func (e *trackedEvent) reaches(id event.ID, task string) bool {
	return id.Compare(e.EventID) < 0 && (e.TaskID() == "" || e.TaskID() == task)
}

// candidate is not ok for a worker that has its outcome, is taken already, or is protected.
func (sl *slot) candidate() (candidate, bool) {
	c := candidate{id: sl.event.EventID, slot: sl.number, class: running, since: sl.since}
	if sl.doom != nil || sl.protected || sl.outcome != nil {
		return c, false
	}
	switch sl.phase {
	case slotCreating:
		c.class = unscheduled
	case slotWaits, slotPauses, slotAgain, slotEnding, slotEnded: // ending without an outcome: it would start again
		c.class, c.since = withoutPod, time.Time{}
		if sl.unsure {
			c.class = unscheduled
		}
	case slotLives, slotChecked:
		switch {
		case sl.node == "":
			c.class = unscheduled
		case !sl.running:
			c.class = notRunning
		}
	}
	return c, true
}

// waitingCandidates are slots of events that wait unopened, of the newest events first, no more than are asked for.
func (s *state) waitingCandidates(e *trackedEvent) []candidate {
	var found []candidate
	for _, name := range s.order {
		l, n := s.lines[name], 0
		for i := len(l.waiting) - 1; i >= 0 && n < e.PodCount; i-- {
			p := &l.waiting[i]
			if !l.maybe(p, e.TaskID()) || !e.reaches(p.id, l.task(p, e.TaskID())) {
				continue
			}
			for slot := p.slots; slot > 0 && n < e.PodCount; slot, n = slot-1, n+1 {
				found = append(found, candidate{id: p.id, slot: slot})
			}
		}
	}
	return found
}

// maybe rules most events of other tasks out without unpacking them.
func (*line) maybe(p *parcel, task string) bool { return strings.Contains(p.body, task) }

// task is the task of a waiting event, if it is of interest which.
func (l *line) task(p *parcel, asked string) string {
	if asked == "" {
		return ""
	}
	ev := l.event(*p)
	return ev.TaskID()
}

func takenAway(sl *slot) decision {
	return decision{
		action: actEnd, state: StateCancelled, reason: reasonScaledDown,
		message: fmt.Sprintf("taken away by the scale_down %s", sl.doom.EventID),
	}
}

// missing decides what it means that a Pod is gone although nobody recorded its end. What was never bound to a node
// did not run. Anything else may have: it is never run again.
func missing(sl *slot) decision {
	switch {
	case sl.doom != nil:
		return takenAway(sl)
	case sl.unbound && sl.node == "":
		return decision{action: actRetry, state: StateRetrying, reason: "Deleted", message: "the Pod was deleted before it was bound to a node"}
	case sl.deleting:
		return decision{action: actEnd, state: StateCancelled, reason: "Deleted", message: "somebody deleted the Pod"}
	}
	return decision{action: actEnd, state: StateLost, reason: "Missing", message: "the Pod vanished, and nobody saw it end"}
}
