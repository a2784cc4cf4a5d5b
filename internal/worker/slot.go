package worker

import (
	"time"

	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

// slotPhase is how far a slot has come.
type slotPhase uint8

const (
	slotWaiting    slotPhase = iota // for its turn: no Pod was asked for yet, or not for this attempt
	slotCreating                    // a POST is in flight
	slotAmbiguous                   // the reply to a POST was lost: the API server is asked whether there is a Pod
	slotBackoff                     // until wakeTime, then it waits for its turn again
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
	tries   int // requests of this attempt that did not succeed: POSTs whose name was taken, GETs
	phase   slotPhase

	place      queue.Place // the right to have a Pod: it has, or may have, one; zero: none
	startable  bool        // the scheduler counts it among those that may start
	settled    bool        // that it was created, or its outcome, is committed or on its way
	running    bool        // recorded as running
	ran        bool        // that, or a container of its Pod was seen to have run
	gated      bool        // a scheduling gate holds its Pod back
	deleting   bool        // a deletion by somebody else was seen
	unbound    bool        // the watch showed it as gone, and on no node, since it was last known to exist
	protected  bool        // its owner lets no scale_down take it
	ended      bool        // no container of its Pod will run any more
	absent     bool        // the API server itself said that its Pod is gone
	uid        string
	node       string
	selectedBy *trackedEvent // the scale_down or cancel that takes it: never created again, never retried
	outcome    *SlotRecord   // once it has one
	times      podTimes      // what Kubernetes says of its Pod's times
	disruption *decision     // the infrastructure is ending its Pod: what becomes of it if the Pod vanishes

	since        time.Time    // when its Pod was created, then when it ran; when its name was found taken; when it ended
	pullingSince time.Time    // since when its image cannot be pulled
	mainEndedAt  time.Time    // when its main container was first seen to have ended
	ungatedAt    time.Time    // when its last scheduling gate was seen to be gone; zero: it had none, or has a node
	seen         *Observation // the last one, as long as time alone may change what it means
	postedUntil  time.Time    // slotAmbiguous: until when a POST may still be carried out
	wakeTime     time.Time
}

// holdsPlace reports whether the slot has, or may have, a Pod.
func (sl *slot) holdsPlace() bool { return sl.place != queue.Place{} }

func (s *state) podOf(sl *slot) PodRef {
	return PodRef{Name: s.Names.Pod(sl.event.EventID, sl.number, sl.attempt), UID: sl.uid}
}

// occupy gives a slot whose Pod exists the place for it.
func (s *state) occupy(sl *slot) {
	s.setStartable(sl, false)
	if !sl.holdsPlace() {
		sl.place = s.scheduler.Occupy(sl.event.ref)
	}
}

// setStartable counts a slot in or out of what may start.
func (s *state) setStartable(sl *slot, yes bool) {
	switch {
	case sl.startable == yes:
		return
	case yes:
		s.scheduler.AddSlots(sl.event.ref, 1)
		sl.event.nextSlot = min(sl.event.nextSlot, sl.number-1)
	default:
		s.scheduler.AddSlots(sl.event.ref, -1)
	}
	sl.startable = yes
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
		s.waitForTurn(sl)
	case slotActive:
		if sl.seen != nil {
			s.evaluate(sl, sl.seen)
		}
	case slotUnverified, slotAmbiguous:
		s.check(sl)
	}
}

// podCreated records that a slot's Pod exists, and handles what the watch showed of it before that was known.
func (s *state) podCreated(sl *slot, uid string) {
	s.occupy(sl)
	sl.phase, sl.uid, sl.since, sl.wakeTime = slotActive, uid, s.now, time.Time{}
	r := s.report(sl, decision{state: StateCreated})
	if sl.attempt == 1 {
		r.Began = sl.event.acceptedAt
	}
	if e := sl.event; !e.refusedAt.IsZero() {
		r.Refused, e.refusedAt = true, time.Time{}
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
		s.write(Settle{ID: e.EventID, TaskID: e.TaskID(), Queue: e.Queue, Seq: e.nextSeq(), At: s.now})
	}
}
