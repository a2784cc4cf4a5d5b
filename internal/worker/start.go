package worker

import (
	"errors"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/retry"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

// startWorkers creates Pods while there is capacity, an API server that answers, and something to start.
func (s *state) startWorkers() {
	if !s.listed || s.stopping {
		return
	}
	for t := range s.queue.all() {
		t.started.prune()
	}
	unaccounted := s.lookups.activePods() + s.orphans.activePods()
	for s.createsInFlight < s.throttle.limit(s.now, s.CreateConcurrency) {
		t := s.queue.next(s.now, s.holdingCapacity+unaccounted < s.MaxWorkers)
		if t == nil {
			return
		}
		s.start(s.takeSlot(t))
		t.parking.probing = t.parking.parked()
	}
}

// takeSlot takes the slot off a queue that starts next.
func (s *state) takeSlot(t *templateQueue) *slot {
	if len(t.retries) > 0 {
		return t.retries.take()
	}
	return s.takeWaitingSlot(t)
}

func (s *state) takeWaitingSlot(t *templateQueue) *slot {
	if t.packedFirst() {
		s.track(t.unpack(0))
	}
	e := t.started[0]
	sl := &e.slots[e.nextSlot]
	e.nextSlot++
	t.started.prune()
	return sl
}

// start creates a slot's Pod.
func (s *state) start(sl *slot) {
	s.setHoldsCapacity(sl, true)
	sl.phase = slotCreating
	s.createsInFlight++
	s.emit(create{PodSpec{Name: s.podOf(sl).Name, Event: &sl.event.Event, Slot: sl.number, Attempt: sl.attempt}})
}

// created handles the reply to a create.
func (s *state) created(in created) {
	s.createsInFlight--
	sl := &s.events[in.Event.EventID].slots[in.Slot-1]
	t := s.queue.of(sl.event.Template)
	if in.err != nil && !errors.Is(in.err, ErrExists) {
		s.createFailed(sl, t, in.err)
		return
	}
	s.unthrottle()
	s.unpark(t)
	unseen := sl.seen == nil
	s.podCreated(sl, in.uid)
	if in.err != nil && unseen && sl.phase == slotActive { // it may have ended before it was known to be ours
		s.verify(sl)
	}
}

// createFailed decides when to try again.
func (s *state) createFailed(sl *slot, t *templateQueue, err error) {
	sl.tries++
	t.parking.probing = false
	switch {
	case errors.Is(err, ErrRefused):
		s.unthrottle()
		s.park(t, text.Ellipsis(err.Error(), maxMessage))
		s.retryLater(sl, 0)
	case errors.Is(err, ErrNameConflict):
		s.unthrottle()
		s.unpark(t)
		s.nameConflict(sl)
	default:
		sl.mayExist = sl.mayExist || !errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrForbidden)
		s.throttleAll(err)
		s.retryLater(sl, retry.Backoff(sl.tries, maxThrottle))
	}
}

// nameConflict handles a name that another owner's Pod has: it may go away.
func (s *state) nameConflict(sl *slot) {
	if sl.since.IsZero() {
		sl.since = s.now
		s.warn(errcode.NameConflict, "event_id", sl.event.EventID.String(), "worker", s.podOf(sl).Name)
	}
	if s.now.Sub(sl.since) < s.PendingTimeout {
		s.retryLater(sl, retry.Backoff(sl.tries, maxThrottle))
		return
	}
	s.end(sl, decision{state: StateFailed, reason: ReasonNameTaken, message: "a Pod that is not ours has the name " + s.podOf(sl).Name})
}

// throttleAll slows all creates down after an answer that no single slot caused.
func (s *state) throttleAll(err error) {
	if s.throttle.tries == 0 {
		s.warn(errcode.CreateFailed, "error", err)
	}
	s.throttle.failed(s.now)
}

// unthrottle ends what throttleAll began.
func (s *state) unthrottle() {
	if s.throttle.tries > 0 {
		s.info("API server accepts Pods again")
	}
	s.throttle = throttle{}
}

// retryLater tries a slot's POST again after a while. It holds capacity meanwhile only if there may be a Pod: once a reply
// was lost, a later refusal does not prove that there is none.
func (s *state) retryLater(sl *slot, d time.Duration) {
	if sl.seen != nil { // an earlier POST of ours has arrived
		s.podCreated(sl, sl.seen.Ref.UID)
		return
	}
	s.setHoldsCapacity(sl, sl.mayExist)
	sl.phase = slotBackoff
	if sl.selectedBy == nil {
		s.wakeAt(sl, s.now.Add(d))
		return
	}
	s.terminate(sl)
}

// park stops the queue of a template whose Pods the API server refuses.
func (s *state) park(t *templateQueue, refusal string) {
	if !t.parking.parked() {
		s.warn(errcode.TemplateParked, "template", t.template, "refusal", refusal)
	}
	t.parking.refused(s.now, refusal)
}

func (s *state) unpark(t *templateQueue) {
	if t.parking.parked() {
		s.info("API server accepts the template's Pods again", "template", t.template)
	}
	t.parking = parking{}
}

// probeNow lets parked queues try again: a Pod has ended, so a quota may have capacity.
func (s *state) probeNow() {
	for t := range s.queue.all() {
		t.parking.probeNow(s.now)
	}
}

// expire fails the slots that never got a Pod for the whole timeout of parking.
func (s *state) expire(t *templateQueue) {
	if !t.parking.parked() || s.now.Sub(t.parking.since) < s.PendingTimeout {
		return
	}
	overdue := func(accepted time.Time) bool { return s.now.Sub(accepted) >= s.PendingTimeout }
	for t.started.prune(); t.len() > 0 && overdue(t.headAcceptedAt()); {
		s.failRefused(s.takeWaitingSlot(t), t.parking.refusal)
	}
	t.retries = slices.DeleteFunc(t.retries, func(sl *slot) bool {
		if sl.holdsCapacity || sl.attempt > 1 || !overdue(sl.event.acceptedAt) {
			return false
		}
		s.failRefused(sl, t.parking.refusal)
		return true
	})
}

func (s *state) failRefused(sl *slot, refusal string) {
	s.end(sl, decision{state: StateFailed, reason: ReasonRefused, message: refusal})
}
