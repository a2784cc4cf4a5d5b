package worker

import (
	"errors"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/retry"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

// removalPhase is how far the removal of a Pod has come.
type removalPhase uint8

const (
	removalWaiting removalPhase = iota // until at: its TTL, or the backoff before another DELETE
	removalDue                         // for a DELETE to become possible
	removalSent                        // a DELETE is in flight
)

const (
	// goneTimeout is how long after a DELETE the watch may take to say that the Pod is gone, before it is sent again: a Pod
	// whose labels were edited is not shown by the watch.
	goneTimeout = 5 * time.Minute
	// maxDeleteBackoff is the longest pause between two DELETEs of a Pod that fail.
	maxDeleteBackoff = 30 * time.Second
)

// removal is a Pod whose worker's outcome (or the end of whose attempt) is recorded: kept for its TTL, then deleted.
type removal struct {
	ref      PodRef
	eventID  event.ID
	event    *trackedEvent // nil: it is not tracked
	victim   *slot         // not nil: selected by a scale_down or cancel; its outcome follows when its Pod has ended or is gone
	place    queue.Place   // it may still run; zero: it does not, or its event is not tracked
	counted  bool          // it may still run, and its event is not tracked: in removals.unscheduled
	phase    removalPhase
	at       time.Time
	tries    int // DELETEs that failed
	accepted int // DELETEs that were accepted
}

// removals are all Pods that are to be deleted, by name: a name is one Pod at a time.
type removals struct {
	byPod       map[string]*removal
	due         []*removal // oldest first; one that is done meanwhile is still there
	unscheduled int        // Pods that may still run and have no place: the scheduler does not know their events
}

func newRemovals() removals { return removals{byPod: make(map[string]*removal)} }

// get returns the removal of exactly this Pod; nil: there is none.
func (r *removals) get(ref PodRef) *removal {
	if rm := r.byPod[ref.Name]; rm != nil && rm.ref == ref {
		return rm
	}
	return nil
}

// plan returns the removal of a Pod's name; isNew: it was not planned before.
func (r *removals) plan(ref PodRef) (rm *removal, isNew bool) {
	if rm := r.byPod[ref.Name]; rm != nil {
		return rm, false
	}
	rm = &removal{ref: ref}
	r.byPod[ref.Name] = rm
	return rm, true
}

// drop forgets a removal: the Pod is gone.
func (r *removals) drop(rm *removal) { delete(r.byPod, rm.ref.Name) }

// makeDue queues a removal for its DELETE.
func (r *removals) makeDue(rm *removal) {
	rm.phase = removalDue
	r.due = append(r.due, rm)
}

// next takes the first removal off that is due; nil: none is.
func (r *removals) next() *removal {
	for len(r.due) > 0 {
		rm := r.due[0]
		r.due[0] = nil
		r.due = r.due[1:]
		if r.byPod[rm.ref.Name] == rm {
			rm.phase = removalSent
			return rm
		}
	}
	return nil
}

// missing are those whose Pod is not present, but for victims: their outcome is still to be found out. In the order of their
// names, since the core has no map order in its results: O(n log n) of the missing ones, once for each list.
func (r *removals) missing(present map[PodRef]bool) []*removal {
	var gone []*removal
	for _, rm := range r.byPod {
		if rm.victim == nil && !present[rm.ref] {
			gone = append(gone, rm)
		}
	}
	slices.SortFunc(gone, func(a, b *removal) int { return compareRefs(a.ref, b.ref) })
	return gone
}

// planRemoval plans the removal of a Pod. Called only when the record that allows it is committed.
func (s *state) planRemoval(ref PodRef, id event.ID, at time.Time) *removal {
	rm, isNew := s.removals.plan(ref)
	if isNew {
		rm.eventID, rm.event, rm.at = id, s.events[id], at
		if rm.event != nil {
			rm.event.pods++
		}
		s.timers.set(timer{at: at, removal: rm})
	}
	return rm
}

// handPlace gives the place of an ended slot to the removal of its Pod, which may still run.
func (s *state) handPlace(sl *slot, rm *removal) {
	s.holdPlace(rm, false)
	rm.place, sl.place = sl.place, queue.Place{}
}

// holdPlace counts the Pod of a removal in or out of those that may still run.
func (s *state) holdPlace(rm *removal, yes bool) {
	switch held := rm.counted || rm.place != (queue.Place{}); {
	case held == yes:
	case !yes:
		s.scheduler.Release(&rm.place)
		if rm.counted {
			rm.counted = false
			s.removals.unscheduled--
		}
	case rm.event != nil && rm.event.ref != 0:
		rm.place = s.scheduler.Occupy(rm.event.ref)
	default:
		rm.counted = true
		s.removals.unscheduled++
	}
}

// removeAt is when the Pod of an ended worker goes. One that never ended by itself goes at once: it holds resources.
func (s *state) removeAt(sl *slot, ended bool) time.Time {
	switch {
	case !ended:
		return s.now
	case sl.outcome.State == StateSucceeded:
		return sl.since.Add(s.SucceededTTL)
	}
	return sl.since.Add(s.FailedTTL)
}

// sendDeletes sends what is due.
func (s *state) sendDeletes() {
	for !s.stopping && s.deletesInFlight < s.DeleteConcurrency {
		rm := s.removals.next()
		if rm == nil {
			return
		}
		s.deletesInFlight++
		s.emit(remove{rm.ref})
	}
}

// removed handles the reply to a remove.
func (s *state) removed(in removed) {
	s.deletesInFlight--
	rm := s.removals.get(in.PodRef)
	if rm == nil {
		return // the watch was faster
	}
	switch {
	case errors.Is(in.err, ErrGone):
		s.podGone(rm)
	case in.err == nil:
		rm.accepted++
		if rm.accepted > 1 { // a Pod on a lost node must not hold capacity for ever
			s.holdPlace(rm, false)
		}
		s.postpone(rm, goneTimeout)
	default:
		if rm.tries == 0 {
			s.warn(errcode.DeleteFailed, "pod", rm.ref.Name, "error", in.err)
		}
		rm.tries++
		s.postpone(rm, retry.Backoff(rm.tries, maxDeleteBackoff))
	}
}

func (s *state) postpone(rm *removal, d time.Duration) {
	rm.phase, rm.at = removalWaiting, s.now.Add(d)
	s.timers.set(timer{at: rm.at, removal: rm})
}

// podGone forgets a Pod that is gone, and its event with the last one.
func (s *state) podGone(rm *removal) {
	s.dropRemoval(rm)
	if sl := rm.victim; sl != nil && sl.phase < slotEnding {
		sl.absent = true
		s.apply(sl, nil, verdictMissing(sl))
	}
}

// dropRemoval forgets a removal, if there is one.
func (s *state) dropRemoval(rm *removal) {
	if rm == nil {
		return
	}
	s.removals.drop(rm)
	s.holdPlace(rm, false)
	if rm.event != nil {
		rm.event.pods--
		s.forgetIfDone(rm.event)
	}
}

// forgetIfDone forgets an event that is closed and whose Pods are gone.
func (s *state) forgetIfDone(e *trackedEvent) {
	if e.closed && e.pods == 0 {
		delete(s.events, e.EventID)
		if e.ref != 0 {
			s.scheduler.Remove(e.ref)
		}
	}
}
