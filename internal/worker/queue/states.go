package queue

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// QueueState is how one queue stands, for people and metrics.
type QueueState struct {
	Name       string
	Weight     int64
	MaxWorkers int         // 0: no cap of its own
	Waiting    int         // events that have workers to start
	Live       int         // workers that hold a place
	Oldest     time.Time   // when the event was accepted that waits longest; zero: none waits
	Limit      string      // the first limit that keeps its next worker from starting; empty: none does, or nothing waits
	Lanes      []LaneState // those whose breaker is open, or whose quota is full
}

// The states of a lane whose Pods do not simply start.
const (
	LaneOpen    = "open"    // its breaker is: one trial at a time
	LaneRefused = "refused" // each of its events was, for itself
	LaneQuota   = "quota"   // it waits for a freed place
)

// LaneState is how the Pods of one queue, template and shape fare with the API server.
type LaneState struct {
	Template string    `json:"template"` // empty: the built-in one
	Shape    string    `json:"shape,omitempty"`
	State    string    `json:"state"`   // LaneOpen, LaneRefused or LaneQuota
	Cause    string    `json:"cause"`   // refused, quota, admission, unknown
	Message  string    `json:"message"` // what the API server said
	Since    time.Time `json:"since"`
	Next     time.Time `json:"next,omitzero"` // the next trial; zero: as soon as there is something to try
}

// Views returns how all queues stand, by name: those of the policy, and those that have open events.
func (s *Scheduler) Views(now time.Time) []QueueState {
	s.tick(now)
	views := make([]QueueState, 0, len(s.queues))
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		views = append(views, s.view(s.queues[name]))
	}
	return views
}

func (s *Scheduler) view(q *queue) QueueState {
	v := QueueState{
		Name: q.name, Weight: q.weight, MaxWorkers: q.cap, Waiting: q.waiting, Live: q.live,
		Oldest: s.oldest(q), Limit: s.limit(q),
	}
	for _, ln := range q.lines {
		for _, l := range ln.lanes {
			if l.breaker.open || l.quota.full || l.allAside() {
				v.Lanes = append(v.Lanes, s.laneState(l))
			}
		}
	}
	slices.SortFunc(v.Lanes, func(a, b LaneState) int {
		return cmp.Or(cmp.Compare(a.Template, b.Template), cmp.Compare(a.Shape, b.Shape))
	})
	return v
}

func (s *Scheduler) laneState(l *lane) LaneState {
	v := LaneState{Template: l.line.template.name, Shape: l.shape}
	if b := &l.breaker; b.open {
		v.State, v.Cause, v.Message = LaneOpen, b.cause.String(), b.message
		v.Since, v.Next = s.time(b.since), s.time(sooner(0, b.until, s.now))
		return v
	}
	if l.allAside() {
		v.State, v.Cause, v.Message = LaneRefused, Refused.String(), l.refusal
		v.Since, v.Next = time.UnixMilli(l.breaker.refusing).UTC(), s.time(l.nextBack)
		return v
	}
	q := &l.quota
	v.State, v.Cause, v.Message = LaneQuota, Quota.String(), q.message
	v.Since, v.Next = s.time(q.since), s.time(sooner(0, q.until, s.now))
	return v
}

// allAside reports whether all that waits was refused, each event for itself.
func (l *lane) allAside() bool { return l.events.len() == 0 && l.aside.len() > 0 }

// oldest is when the event was accepted that waits longest: the first of those that wait packed, which are in the order in
// which they were accepted, or of the others.
func (s *Scheduler) oldest(q *queue) time.Time {
	r := q.packed.oldest
	if q.began.len() > 0 && (r == 0 || s.acceptedBefore(q.began.top(), r)) {
		r = q.began.top()
	}
	if r == 0 {
		return time.Time{}
	}
	return s.AcceptedAt(r)
}

// limit is the first limit that keeps the next worker of a queue from starting, for people.
func (s *Scheduler) limit(q *queue) string {
	if q.waiting == 0 {
		return ""
	}
	if text := s.commonLimit(q); text != "" {
		return text
	}
	l := s.nextLane(q)
	if l == nil {
		return "max_parallel: as many workers of each waiting event have a Pod as it allows"
	}
	return s.laneLimit(l)
}

// commonLimit is one that all queues share, and pauses.
func (s *Scheduler) commonLimit(q *queue) string {
	switch {
	case s.pausedAll:
		return "all queues are paused"
	case q.paused:
		return fmt.Sprintf("queue %s is paused", q.name)
	case s.rest.on():
		return fmt.Sprintf("the API server rests after %q", s.rest.message)
	case s.creating >= s.limiter.limit:
		return fmt.Sprintf("requests to create Pods in flight: %d of %d", s.creating, s.limiter.limit)
	case s.capacity <= 0:
		return "capacity is used up"
	}
	return ""
}

// nextLane is the lane that the next worker of a queue comes from: of those that may start, else of those that have
// something to start, else of those whose events were refused the one whose event comes first. nil: max_parallel holds all.
func (s *Scheduler) nextLane(q *queue) *lane {
	var next *lane
	for _, ln := range q.lines {
		for _, l := range ln.lanes {
			if l.events.len()+l.aside.len() == 0 {
				continue
			}
			if next == nil || cmp.Or(cmp.Compare(l.rank(), next.rank()), compareKeys(l.first, next.first)) < 0 {
				next = l
			}
		}
	}
	return next
}

// rank orders lanes by how near they are to a start.
func (l *lane) rank() int {
	switch {
	case l.events.len() == 0:
		return 2
	case l.spot == nil || l.spot.kind == full:
		return 1
	}
	return 0
}

// laneLimit is the first limit of a lane that has something to start.
func (s *Scheduler) laneLimit(l *lane) string {
	q, t := l.line.queue, l.line.template
	switch {
	case !t.open():
		return fmt.Sprintf("template %q is at its cap of %d", t.name, t.cap)
	case t.inFlight >= s.limiter.others() && s.othersReady():
		return fmt.Sprintf("template %q has %d requests in flight: the rest of %d is for others", t.name, t.inFlight, s.limiter.limit)
	case !q.open():
		return fmt.Sprintf("queue %s is at its cap of %d", q.name, q.cap)
	case l.events.len() == 0:
		return "its Pod was refused; next try at " + clockTime(s.time(l.nextBack))
	case l.breaker.open:
		return fmt.Sprintf("its lane is shut: %q; next trial at %s", l.breaker.message, clockTime(s.time(l.breaker.until)))
	case !l.trusted():
		return fmt.Sprintf("template %q fails for others: it waits for its trial", t.name)
	case l.quota.full && !l.quota.probes(s.now):
		return fmt.Sprintf("quota is full: %q", l.quota.message)
	case l.inFlight >= l.window:
		return fmt.Sprintf("requests for its Pods in flight: %d of %d, more with each success", l.inFlight, l.window)
	}
	return ""
}

// othersReady reports whether a second template has something to start.
func (s *Scheduler) othersReady() bool {
	return s.boards[ready].shelves[fair].len()+s.boards[full].shelves[fair].len() > 1
}

func clockTime(t time.Time) string { return t.UTC().Format(time.TimeOnly) }
