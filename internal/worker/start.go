package worker

import (
	"errors"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/retry"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

const (
	// PostTimeout is how long after a lost reply a POST may still be carried out: longer than package k8s lets any request take.
	PostTimeout = 20 * time.Second
	// maxNameBackoff is the longest pause between two requests about one name: it is another owner's, or the reply was lost.
	maxNameBackoff = 10 * time.Second
)

// startWorkers creates Pods while the scheduler has one to start.
func (s *state) startWorkers() {
	if !s.listed || s.stopping {
		return
	}
	for s.hasBudget() {
		c, ok := s.scheduler.Next(s.now, s.capacity())
		if !ok {
			return
		}
		e := s.eventAt(c.Ref)
		sl := s.takeSlot(e)
		if by := s.cancelOf(&e.Event); by != nil { // it is in force, and has not come to this event yet
			s.withdraw(sl, c)
			s.cancelSlot(by, sl)
			continue
		}
		s.start(sl, c)
	}
	s.agenda.more = true
}

// withdraw takes a choice back: nothing is sent.
func (s *state) withdraw(sl *slot, c queue.Choice) {
	s.scheduler.Withdraw(c)
	sl.phase, sl.startable = slotWaiting, true
	sl.event.nextSlot = min(sl.event.nextSlot, sl.number-1)
}

// takeSlot takes the first slot of an event that may start. The scheduler counts it as started already.
func (s *state) takeSlot(e *trackedEvent) *slot {
	for !e.slots[e.nextSlot].startable {
		e.nextSlot++
	}
	sl := &e.slots[e.nextSlot]
	sl.startable = false
	return sl
}

// start creates a slot's Pod.
func (s *state) start(sl *slot, c queue.Choice) {
	sl.place, sl.phase, sl.protected = c.Place, slotCreating, s.protects(sl)
	s.createsInFlight++
	s.emit(create{PodSpec{Name: s.podOf(sl).Name, Event: &sl.event.Event, Slot: sl.number, Attempt: sl.attempt, Trial: c.Trial}, c})
}

// created handles the reply to a create.
func (s *state) created(in created) {
	s.createsInFlight--
	e := s.events[in.Event.EventID]
	sl, answer := &e.slots[in.Slot-1], answerOf(in.err)
	v := s.scheduler.Answer(s.now, in.choice, answer, serverMessage(in.err))
	s.announce(e, answer, v, in.err)
	switch answer {
	case queue.Created:
		unseen := sl.seen == nil
		s.podCreated(sl, in.uid)
		if in.err != nil && unseen && sl.phase == slotActive { // it may have ended before it was known to be ours
			s.verify(sl)
		}
	case queue.Unknown:
		s.replyLost(sl)
	case queue.Conflict:
		sl.place = queue.Place{}
		s.nameConflict(sl)
	default:
		s.notCreated(sl, v, in.err)
	}
}

// answerOf is what a reply means to the scheduler.
func answerOf(err error) queue.Answer {
	for _, a := range []struct {
		err    error
		answer queue.Answer
	}{
		{ErrExists, queue.Created},
		{ErrNameConflict, queue.Conflict},
		{ErrQuota, queue.Quota},
		{ErrAdmission, queue.Admission},
		{ErrRefused, queue.Refused},
		{ErrUnavailable, queue.Busy},
		{ErrForbidden, queue.Denied},
	} {
		if errors.Is(err, a.err) {
			return a.answer
		}
	}
	if err == nil {
		return queue.Created
	}
	return queue.Unknown
}

func serverMessage(err error) string {
	if err == nil {
		return ""
	}
	return text.Ellipsis(err.Error(), maxMessage)
}

// notCreated handles a POST that certainly created nothing. The scheduler has given the place back and counts the slot among
// those that may start.
func (s *state) notCreated(sl *slot, v queue.Verdict, err error) {
	e := sl.event
	sl.place, sl.phase, sl.startable = queue.Place{}, slotWaiting, !v.Expired
	if !v.Expired {
		e.nextSlot = min(e.nextSlot, sl.number-1)
	}
	if v.FirstRefusal {
		e.refusedAt = s.now
		s.write(Refuse{
			ID: e.EventID, TaskID: e.TaskID(), Queue: e.Queue, Seq: e.nextSeq(), Message: serverMessage(err), At: s.now,
		})
	}
	if v.Expired {
		s.failWaiting(e, decision{state: StateFailed, reason: ReasonRefused, message: serverMessage(err)})
	}
	s.settleWaiting(sl)
}

// settleWaiting decides what becomes of a slot that is about to wait: it was seen, selected, or its event fails meanwhile.
func (s *state) settleWaiting(sl *slot) {
	switch {
	case sl.seen != nil: // an earlier POST of ours has arrived
		s.podCreated(sl, sl.seen.Ref.UID)
	case sl.selectedBy != nil:
		s.setStartable(sl, false)
		s.terminate(sl)
	case sl.event.failing != nil && sl.failsWaiting():
		s.end(sl, *sl.event.failing)
	}
}

// waitForTurn lets a slot start again when it is its turn.
func (s *state) waitForTurn(sl *slot) {
	sl.phase = slotWaiting
	s.setStartable(sl, sl.selectedBy == nil)
	s.settleWaiting(sl)
}

// replyLost handles a POST of which nobody knows whether it was carried out: the API server is asked. The place is kept.
func (s *state) replyLost(sl *slot) {
	if sl.seen != nil {
		s.podCreated(sl, sl.seen.Ref.UID)
		return
	}
	sl.phase, sl.tries, sl.postedUntil = slotAmbiguous, 1, s.now.Add(PostTimeout)
	s.wakeAt(sl, s.now.Add(retry.Backoff(1, maxNameBackoff)))
}

// ambiguousChecked handles the answer: what is not there may still be created until the POST has certainly timed out.
func (s *state) ambiguousChecked(sl *slot, in checked) {
	switch {
	case errors.Is(in.err, ErrNameConflict):
		s.scheduler.Release(&sl.place)
		s.nameConflict(sl)
	case in.err != nil, in.pod == nil && s.now.Before(sl.postedUntil):
		sl.tries++
		at := s.now.Add(retry.Backoff(sl.tries, maxNameBackoff))
		if in.err == nil && at.After(sl.postedUntil) {
			at = sl.postedUntil
		}
		s.wakeAt(sl, at)
	case in.pod == nil:
		s.scheduler.Release(&sl.place)
		s.waitForTurn(sl)
	default:
		s.podCreated(sl, in.pod.Ref.UID)
		if sl.phase == slotActive { // admission may have changed its labels, so that no watch shows it
			s.handleHiddenPod(sl, in.pod)
			return
		}
		s.observeSlot(sl, in.pod)
	}
}

// nameConflict handles a name that another owner's Pod has: it may go away.
func (s *state) nameConflict(sl *slot) {
	sl.tries++
	if sl.since.IsZero() {
		sl.since, sl.tries = s.now, 1
		s.warn(errcode.NameConflict, "event_id", sl.event.EventID.String(), "worker", s.podOf(sl).Name)
	}
	if s.now.Sub(sl.since) >= s.PendingTimeout {
		s.end(sl, decision{state: StateFailed, reason: ReasonNameTaken, message: "a Pod that is not ours has the name " + s.podOf(sl).Name})
		return
	}
	sl.phase = slotBackoff
	if sl.selectedBy != nil {
		s.terminate(sl)
		return
	}
	s.wakeAt(sl, s.now.Add(retry.Backoff(sl.tries, maxNameBackoff)))
}
