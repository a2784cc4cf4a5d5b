package worker

import (
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// templateQueue is the queue of one template: events that still have slots to start, in stream order, and slots that start
// again. Pods that the API server refuses park it: the template is the operator's, and fixed for all its events at once.
type templateQueue struct {
	template string
	packed   packedEvents  // nothing of them is under way
	started  startedEvents // something of them is, or was
	retries  retries
	parking  parking

	lastScheduled time.Time // when a Pod of the template was last seen to be scheduled
}

func (t *templateQueue) len() int { return len(t.packed) + len(t.started) }

// ready reports whether there is something to start now.
func (t *templateQueue) ready(now time.Time) bool {
	return (t.len() > 0 || len(t.retries) > 0) && t.parking.allows(now)
}

// head orders queues among each other: retries first, then stream order.
func (t *templateQueue) head() event.ID {
	switch {
	case len(t.retries) > 0:
		return event.ID{}
	case t.packedFirst():
		return t.packed[0].id
	}
	return t.started[0].EventID
}

// packedFirst reports whether the next slot is one of an event of which nothing is under way.
func (t *templateQueue) packedFirst() bool {
	return len(t.packed) > 0 && (len(t.started) == 0 || t.packed[0].id.Compare(t.started[0].EventID) < 0)
}

// headAcceptedAt is when the event was accepted whose slot would start next, retries aside.
func (t *templateQueue) headAcceptedAt() time.Time {
	if t.packedFirst() {
		return time.UnixMilli(t.packed[0].acceptedMs)
	}
	return t.started[0].acceptedAt
}

// unpack takes the i-th packed event out, to be tracked: something of it is about to happen.
func (t *templateQueue) unpack(i int) *trackedEvent {
	p := t.packed.remove(i)
	e := newEvent(p.event(t.template), time.UnixMilli(p.acceptedMs).UTC())
	e.recorded = true
	t.started.add(e)
	return e
}

// startedEvents are sorted by ID.
type startedEvents []*trackedEvent

// add queues an event's slots from the next one on, as a range.
func (s *startedEvents) add(e *trackedEvent) {
	if e.queued {
		return
	}
	e.queued = true
	at, _ := slices.BinarySearchFunc(*s, e, func(a, b *trackedEvent) int { return a.EventID.Compare(b.EventID) })
	*s = slices.Insert(*s, at, e)
}

// prune takes the events off of which nothing is left to start.
func (s *startedEvents) prune() {
	for len(*s) > 0 {
		e := (*s)[0]
		e.skip()
		if e.nextSlot < len(e.slots) {
			return
		}
		(*s)[0] = nil
		*s = (*s)[1:]
	}
}

// retries are slots whose backoff is over, oldest first.
type retries []*slot

// add queues a slot that starts again. Those that hold capacity go first: the others may wait for what they hold.
func (r *retries) add(sl *slot) {
	at := slices.IndexFunc(*r, func(other *slot) bool { return !other.holdsCapacity })
	if at < 0 || !sl.holdsCapacity {
		at = len(*r)
	}
	*r = slices.Insert(*r, at, sl)
}

// remove takes a slot off that needs no POST any more.
func (r *retries) remove(sl *slot) {
	*r = slices.DeleteFunc(*r, func(other *slot) bool { return other == sl })
}

// take takes the first one off.
func (r *retries) take() *slot {
	sl := (*r)[0]
	*r = (*r)[1:]
	return sl
}

// headHoldsCapacity reports whether the next retry needs no further capacity.
func (r retries) headHoldsCapacity() bool { return len(r) > 0 && r[0].holdsCapacity }
