package worker

import (
	"iter"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// queue holds what waits to be started, a queue for each template. It decides whose turn it is. Whether a slot may be
// started at all is decided by state.
type queue struct {
	byTemplate map[string]*templateQueue
	templates  []string // sorted: the core has no map order in its results
}

func newQueue() queue { return queue{byTemplate: make(map[string]*templateQueue)} }

// of returns the queue of a template, made when it is asked for first.
func (q *queue) of(template string) *templateQueue {
	t := q.byTemplate[template]
	if t == nil {
		t = &templateQueue{template: template}
		q.byTemplate[template] = t
		q.templates = append(q.templates, template)
		slices.Sort(q.templates)
	}
	return t
}

// all yields the queues in the order of their templates' names.
func (q *queue) all() iter.Seq[*templateQueue] {
	return func(yield func(*templateQueue) bool) {
		for _, name := range q.templates {
			if !yield(q.byTemplate[name]) {
				return
			}
		}
	}
}

// next returns the queue to start from; without capacity one whose first slot holds its capacity already; nil: none.
func (q *queue) next(now time.Time, capacity bool) *templateQueue {
	var first *templateQueue
	for t := range q.all() {
		if !t.ready(now) || !capacity && !t.retries.headHoldsCapacity() {
			continue
		}
		if first == nil || t.head().Compare(first.head()) < 0 {
			first = t
		}
	}
	return first
}

// find returns where the event of that ID waits with nothing under way; nil: nowhere.
func (q *queue) find(id event.ID) (t *templateQueue, at int) {
	for t := range q.all() {
		if i, ok := t.packed.find(id); ok {
			return t, i
		}
	}
	return nil, 0
}

// len is how many events wait to be started, or to be started in full.
func (q *queue) len() int {
	n := 0
	for t := range q.all() {
		n += t.len()
	}
	return n
}

// wakeTime is when the next parked template is probed; zero: none is due later than now.
func (q *queue) wakeTime(now time.Time) time.Time {
	var at time.Time
	for t := range q.all() {
		at = earliest(at, t.parking.wakeTime(), now)
	}
	return at
}

// earliest is the earlier of two times; one that is zero, or not after now, does not count.
func earliest(a, b, now time.Time) time.Time {
	if b.After(now) && (a.IsZero() || b.Before(a)) {
		return b
	}
	return a
}
