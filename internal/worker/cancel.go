package worker

import (
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// activateCancel lets a cancel act. Its record is the predicate: what it takes follows from that alone, now and in every
// later term.
func (s *state) activateCancel(e *trackedEvent) {
	if e.settled {
		s.cancelTargets(e)
		return
	}
	waiting, withPod := s.countTargets(e)
	e.settling, e.selecting = true, true
	s.write(Cancel{ID: e.EventID, TaskID: e.TaskID(), Queue: e.Queue, Seq: e.nextSeq(), Waiting: waiting, WithPod: withPod, At: s.now})
}

// cancelCommitted puts a cancel into force that is recorded.
func (s *state) cancelCommitted(e *trackedEvent) {
	e.settled = true
	s.enforceCancel(e)
	s.cancelTargets(e)
}

// enforceCancel puts a recorded cancel into force: what ends from now on ends by it, whether it was selected yet or not.
func (s *state) enforceCancel(e *trackedEvent) {
	e.selecting = true
	s.controls.cancels = append(s.controls.cancels, e)
}

// selectCancelled selects a worker that a cancel in force takes and has not come to yet.
func (s *state) selectCancelled(sl *slot) {
	if sl.selectedBy != nil || sl.outcome != nil {
		return
	}
	if by := s.cancelOf(&sl.event.Event); by != nil {
		s.selectSlot(by, sl)
	}
}

// cancelTargets selects the workers of a cancel's targets, a few in each step. Until it has, cancelOf finds them.
func (s *state) cancelTargets(e *trackedEvent) {
	s.agenda.push(&cancelChore{cancel: e, targets: s.targets(e)})
}

// targets are the events that a cancel takes, in the order of their IDs.
func (s *state) targets(e *trackedEvent) []event.ID {
	var ids []event.ID
	if !e.Target.IsZero() {
		if e.Target.Compare(e.EventID) < 0 && s.scheduler.Find(e.Target) != 0 {
			ids = append(ids, e.Target)
		}
		return ids
	}
	for ref := range s.scheduler.OfTask(e.Queue, e.TaskID()) {
		if id := s.scheduler.Event(ref); id.Compare(e.EventID) < 0 {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, event.ID.Compare)
	return ids
}

// countTargets counts the workers that a cancel takes by whether they have a Pod.
func (s *state) countTargets(e *trackedEvent) (waiting, withPod int) {
	for _, id := range s.targets(e) {
		of := s.events[id]
		if of == nil {
			waiting += s.scheduler.Slots(s.scheduler.Find(id))
			continue
		}
		for i := range of.slots {
			switch sl := &of.slots[i]; {
			case sl.selectedBy != nil || sl.outcome != nil:
			case sl.holdsPlace():
				withPod++
			default:
				waiting++
			}
		}
	}
	return waiting, withPod
}

// cancelOf is the cancel in force that takes an event and has not selected all its workers yet; nil: none.
func (s *state) cancelOf(of *event.Event) *trackedEvent {
	for _, e := range s.controls.cancels {
		if e.mayTake(of) {
			return e
		}
	}
	return nil
}

// cancelChore selects and terminates the workers of a cancel's targets.
type cancelChore struct {
	cancel  *trackedEvent
	targets []event.ID
	next    int // slot of the first target
}

func (c *cancelChore) do(s *state) (done bool) {
	for ; len(c.targets) > 0; c.targets, c.next = c.targets[1:], 0 {
		of := s.findEvent(c.targets[0])
		for ; of != nil && c.next < len(of.slots); c.next++ {
			if !s.hasBudget() {
				return false
			}
			s.cancelSlot(c.cancel, &of.slots[c.next])
		}
	}
	c.cancel.selecting = false
	s.controls.cancels = slices.DeleteFunc(s.controls.cancels, func(e *trackedEvent) bool { return e == c.cancel })
	s.close(c.cancel)
	return true
}

// cancelSlot selects one worker, unless it has its outcome or was selected before, and ends it as far as that is possible.
func (s *state) cancelSlot(e *trackedEvent, sl *slot) {
	if sl.selectedBy == nil && sl.outcome == nil {
		s.selectSlot(e, sl)
		s.terminate(sl)
	}
}
