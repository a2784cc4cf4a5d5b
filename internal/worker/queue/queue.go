package queue

import (
	"cmp"
	"slices"
)

// queue is one tenant: its share, and its lines.
type queue struct {
	name   string
	weight int64
	cap    int  // 0: none of its own
	named  bool // by the policy; another one is forgotten with its last event
	paused bool

	live    int     // places
	waiting int     // events with slots to start
	lines   []*line // by the names of their templates
	packed  packedList
	began   heap[Ref] // tracked events with slots to start, by acceptance
}

// open reports whether another worker of the queue may have a place.
func (q *queue) open() bool { return !q.paused && (q.cap == 0 || q.live < q.cap) }

func (q *queue) setPolicy(p QueuePolicy) { q.weight, q.cap = max(p.Weight, 1), p.MaxWorkers }

// compareShares compares live/weight without rounding. A queue that holds nothing precedes every other, so none starves.
func compareShares(a, b *queue) int {
	return cmp.Compare(int64(a.live)*b.weight, int64(b.live)*a.weight)
}

func (q *queue) find(template string) (at int, ok bool) {
	return slices.BinarySearchFunc(q.lines, template, func(l *line, name string) int { return cmp.Compare(l.template.name, name) })
}

// queue returns the queue of that name, made when it is asked for first.
func (s *Scheduler) queue(name string) *queue {
	q := s.queues[name]
	if q == nil {
		_, named := s.policy.Queues[name]
		q = &queue{name: name, named: named, paused: s.paused[name]}
		q.began = heap[Ref]{before: s.acceptedBefore, at: func(r Ref) *int32 { return &s.at(r).rare().beganPos }}
		q.setPolicy(s.policy.Queue(name))
		s.queues[name] = q
	}
	return q
}

// lane returns the lane of a queue, template and shape, made when it is asked for first.
func (s *Scheduler) lane(queue, template, shape string) *lane {
	q := s.queue(queue)
	at, ok := q.find(template)
	if !ok {
		q.lines = slices.Insert(q.lines, at, newLine(q, s.template(template)))
	}
	ln := q.lines[at]
	if l := ln.laneOf(shape); l != nil {
		return l
	}
	l := newLane(ln, min(len(ln.lanes), maxLanes-1), shape)
	l.events = heap[Ref]{before: s.before, at: func(r Ref) *int32 { return &s.at(r).pos }}
	l.aside = heap[Ref]{before: s.backBefore, at: func(r Ref) *int32 { return &s.at(r).rare().asidePos }}
	ln.lanes = append(ln.lanes, l)
	return l
}

// forget drops a lane that has no event any more and no POST in flight, and what was there for its sake: producers choose
// the names of queues. What was learned of it goes too.
func (s *Scheduler) forget(l *lane) {
	if l.members > 0 || l.inFlight > 0 {
		return
	}
	s.timers.drop(l)
	s.leaveQuota(l)
	ln, t := l.line, l.line.template
	ln.lanes = slices.DeleteFunc(ln.lanes, func(other *lane) bool { return other == l })
	if len(ln.lanes) == 0 {
		s.forgetLine(ln)
	}
	if l.breaker.open {
		if t.openLanes--; !t.suspect() {
			s.settleTemplate(t)
		}
	}
}

func (s *Scheduler) forgetLine(ln *line) {
	q, t := ln.queue, ln.template
	q.lines = slices.DeleteFunc(q.lines, func(other *line) bool { return other == ln })
	t.remove(ln)
	if len(t.lines) == 0 {
		delete(s.templates, t.name)
	}
	if len(q.lines) == 0 && !q.named {
		delete(s.queues, q.name)
	}
}
