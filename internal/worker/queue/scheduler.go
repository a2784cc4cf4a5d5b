package queue

import (
	"iter"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Limits are the installation's.
type Limits struct {
	Create         int           // POSTs in flight at most
	PendingTimeout time.Duration // for how long an event's Pods may be refused
}

// Scheduler decides which event starts its next worker. It knows the open scale_ups, who holds places, the policy, and how
// the API server answers; it keeps no past usage, so one that is made anew decides alike. One goroutine calls it.
type Scheduler struct {
	waitlist
	policy  *Policy
	aging   int64 // ms that a step of priority is worth
	timeout time.Duration

	queues    map[string]*queue
	templates map[string]*template
	boards    [boards]*board
	timers    heap[*lane] // by when time alone changes where they belong
	deadlines heap[Ref]   // with slots to start, by StartBy
	places    places

	paused    map[string]bool
	pausedAll bool

	limiter   limiter
	rest      rest
	sitting   []*lane // those that sit this rest out
	credits   int
	fullLanes int // lanes whose quota is full

	waiting  int // events with slots to start
	slots    int // of them
	creating int // POSTs in flight
	trying   int // trials among them
	capacity int // at the last Next

	triedLast bool // the last choice was a trial

	starts, posts, answers uint64 // so far

	epoch time.Time
	now   instant
	wall  int64 // Unix ms
}

// New returns a Scheduler without events.
func New(l Limits, p *Policy) *Scheduler {
	s := &Scheduler{
		waitlist:  newWaitlist(),
		policy:    p,
		aging:     p.Aging.Milliseconds(),
		timeout:   l.PendingTimeout,
		limiter:   newLimiter(l.Create),
		queues:    make(map[string]*queue),
		templates: make(map[string]*template),
		paused:    make(map[string]bool),
	}
	for b := range boards {
		s.boards[b] = newBoard(b)
	}
	s.timers = heap[*lane]{before: wakesBefore, at: func(l *lane) *int32 { return &l.wakePos }}
	s.deadlines = heap[Ref]{before: s.startsBefore, at: func(r Ref) *int32 { return &s.at(r).rare().deadlinePos }}
	s.nameQueues()
	return s
}

// Entry is an open scale_up, admitted.
type Entry struct {
	ID                    event.ID
	Queue, Template       string
	Shape, Task           string
	AcceptedAt, RefusedAt time.Time         // zero RefusedAt: no Pod of it was refused since one was created
	Priority              int               // its class's number
	MaxParallel           int               // 0: no bound
	Slots                 int               // how many may start now
	StartBy               time.Time         // zero: no deadline
	Fields                map[string]string // not nil: nothing of it is under way, and it waits packed
}

// Add takes an event in whose record is committed. Its ID is not known yet.
func (s *Scheduler) Add(e Entry) Ref {
	l := s.lane(e.Queue, e.Template, e.Shape)
	r := s.insert(&e, l)
	l.members++
	if !e.RefusedAt.IsZero() && l.provenAt == 0 {
		l.breaker.noteRefusal(e.RefusedAt.UnixMilli())
	}
	if l.events.len() > 0 && l.first.before(s.keyOf(r)) { // it is not the lane's first: nothing else changes
		s.setSlots(r, e.Slots)
		return r
	}
	s.changeLane(l, func() { s.setSlots(r, e.Slots) })
	return r
}

// Remove forgets an event that is closed. It holds no place any more.
func (s *Scheduler) Remove(r Ref) {
	en := s.at(r)
	l := en.lane
	if en.live() > 0 {
		panic("an event is forgotten that holds places: " + en.id.String()) // a bug: its workers have outcomes
	}
	s.changeLane(l, func() {
		if en.more != nil {
			en.more.back = 0
		}
		s.setSlots(r, 0)
		s.erase(r)
	})
	l.members--
	s.forget(l)
}

// AddSlots says that n more slots of an event may start now, or, negative, fewer.
func (s *Scheduler) AddSlots(r Ref, n int) {
	en := s.at(r)
	s.changeLane(en.lane, func() { s.setSlots(r, int(en.slots)+n) })
}

// setSlots sets how many may start. The lane is off the boards, or r is not its first.
func (s *Scheduler) setSlots(r Ref, n int) {
	en := s.at(r)
	was := en.slots
	en.slots = int32(max(n, 0))
	s.slots += int(en.slots - was)
	if d := sign(en.slots) - sign(was); d != 0 {
		s.waiting += d
		en.lane.line.queue.waiting += d
	}
	s.settleBegan(r)
	s.settleDeadline(r, en.slots > was)
	s.settleEvent(r)
}

// settleEvent puts an event where it belongs in its lane.
func (s *Scheduler) settleEvent(r Ref) {
	en := s.at(r)
	l := en.lane
	if en.startable() {
		l.events.put(r)
	} else {
		l.events.drop(r)
	}
	if en.more == nil {
		return
	}
	if en.isAside() {
		l.aside.put(r)
	} else {
		l.aside.drop(r)
	}
}

func (s *Scheduler) settleBegan(r Ref) {
	en := s.at(r)
	if en.more == nil {
		return
	}
	if began := &en.lane.line.queue.began; en.packed == "" && en.slots > 0 {
		began.put(r)
	} else {
		began.drop(r)
	}
}

// settleDeadline watches an event's deadline as long as it has slots to start; grew: there are more than before.
func (s *Scheduler) settleDeadline(r Ref, grew bool) {
	en := s.at(r)
	switch {
	case en.more == nil || en.more.startBy == 0:
	case en.slots == 0:
		s.deadlines.drop(r)
	case grew:
		s.deadlines.put(r)
	}
}

func sign(n int32) int { return int(min(n, 1)) }

// Unpack returns the fields of a packed event and keeps them no longer: the event is tracked by the caller from now on.
func (s *Scheduler) Unpack(r Ref) map[string]string {
	fields := s.unpack(r)
	s.settleBegan(r)
	return fields
}

// Packed reports whether an event waits packed.
func (s *Scheduler) Packed(r Ref) bool { return s.at(r).packed != "" }

// Fields are those of a packed event, which stays packed.
func (s *Scheduler) Fields(r Ref) map[string]string { return s.names.unpack(s.at(r).packed) }

// Event is an event's ID.
func (s *Scheduler) Event(r Ref) event.ID { return s.at(r).id }

// AcceptedAt is when an event was accepted, to the millisecond.
func (s *Scheduler) AcceptedAt(r Ref) time.Time { return time.UnixMilli(s.at(r).accepted).UTC() }

// Slots is how many slots of an event may start now.
func (s *Scheduler) Slots(r Ref) int { return int(s.at(r).slots) }

// Find is the open event of that ID; 0: there is none.
func (s *Scheduler) Find(id event.ID) Ref { return s.find(id) }

// OfTask yields the open events of a task in a queue in the order of their IDs. Events may be removed meanwhile.
func (s *Scheduler) OfTask(queue, task string) iter.Seq[Ref] {
	return func(yield func(Ref) bool) {
		for _, r := range s.ofTask(queue, task) {
			if !yield(r) {
				return
			}
		}
	}
}

// Waiting yields the packed events of a queue, newest ID first. The one at hand may be unpacked or removed meanwhile.
func (s *Scheduler) Waiting(queue string) iter.Seq[Ref] {
	return func(yield func(Ref) bool) {
		q := s.queues[queue]
		if q == nil {
			return
		}
		for r := q.packed.newest; r != 0; {
			next := s.at(r).older
			if !yield(r) {
				return
			}
			r = next
		}
	}
}

// Len is how many events have slots to start.
func (s *Scheduler) Len() int { return s.waiting }

// Limit is how many POSTs may be in flight now.
func (s *Scheduler) Limit() int { return s.limiter.limit }

// Creating is how many POSTs are in flight.
func (s *Scheduler) Creating() int { return s.creating }

// Credits is how many places were freed that lanes with a full quota may try for.
func (s *Scheduler) Credits() int { return s.credits }
