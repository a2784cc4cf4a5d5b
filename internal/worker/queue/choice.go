package queue

import (
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Choice is whose next slot starts: the caller sends the POST and brings the answer back.
type Choice struct {
	Ref    Ref
	Place  Place // the caller's from now on, unless the answer gives it back
	Trial  bool  // the lane has to prove itself
	Credit bool  // the quota is full, and a place was freed

	lane *lane
	id   event.ID
	post uint64 // its number
}

// agedEvery is how many starts there are to one by age, while creates, not places, are what is short: there a queue that
// holds more would never start anything while another one churns.
const agedEvery = 8

// Next chooses whose slot starts next and takes its place and its permit; false: nothing starts now. capacity is how many
// places the installation has left.
func (s *Scheduler) Next(now time.Time, capacity int) (Choice, bool) {
	s.tick(now)
	s.capacity = capacity
	if s.pausedAll || capacity <= 0 || s.creating >= s.limiter.limit || !s.rest.allows(s.now, s.creating) {
		return Choice{}, false
	}
	p := s.choose(capacity)
	if p == nil && len(s.sitting) > 0 { // all have had their turn
		s.standUp()
		p = s.choose(capacity)
	}
	if p == nil {
		return Choice{}, false
	}
	return s.start(p), true
}

// choose returns the line that starts next; nil: none. Trials come first. Where there is but one permit they take turns with
// the others.
func (s *Scheduler) choose(capacity int) *spot {
	trial := s.trial()
	if trial != nil && (s.limiter.limit > 1 || !s.triedLast) {
		return trial
	}
	o := fair
	if capacity > s.limiter.limit && s.starts%agedEvery == agedEvery-1 {
		o = aged
	}
	if p := s.first(o); p != nil {
		return p
	}
	return trial
}

// trial is the line that is tried next; nil: none.
func (s *Scheduler) trial() *spot {
	if s.trying >= s.limiter.trials() {
		return nil
	}
	return s.boards[trials].candidates(fair)[0]
}

// first is the first line in an order: of a template that leaves the others a quarter of the permits, or of any if no other
// one has something to start.
func (s *Scheduler) first(o order) *spot {
	before := spotOrder(ready, o)
	var polite, first *spot
	better := func(p, than *spot) bool { return than == nil || before(p, than) }
	for _, p := range s.candidates(o) {
		if p == nil {
			continue
		}
		if better(p, first) {
			first = p
		}
		if p.line.template.inFlight < s.limiter.others() && better(p, polite) {
			polite = p
		}
	}
	if polite != nil {
		return polite
	}
	return first
}

// candidates are the lines that may come first, some of them nil.
func (s *Scheduler) candidates(o order) [4]*spot {
	var all [4]*spot
	one := s.boards[ready].candidates(o)
	copy(all[:2], one[:])
	if s.credits > 0 {
		one = s.boards[full].candidates(o)
		copy(all[2:], one[:])
	}
	return all
}

// start takes what the next slot of a line needs.
func (s *Scheduler) start(p *spot) Choice {
	l := p.lanes.top()
	r := l.events.top()
	en := s.at(r)
	s.posts++
	c := Choice{Ref: r, Trial: p.kind == trials, Credit: p.kind == full, lane: l, id: en.id, post: s.posts}
	s.changeQueue(l, func() {
		s.permit(c, 1)
		c.Place = s.take(r)
		s.setSlots(r, int(en.slots)-1)
		l.tried = s.posts
		switch {
		case c.Trial:
		case c.Credit:
			s.credits--
		case l.quota.full:
			l.quota.probe(s.now)
		}
	})
	if s.triedLast = c.Trial; !c.Trial {
		s.starts++
	}
	return c
}

// permit counts n POSTs in flight or, negative, answered.
func (s *Scheduler) permit(c Choice, n int) {
	t := c.lane.line.template
	s.creating += n
	t.inFlight += n
	c.lane.inFlight += n
	if c.Trial {
		s.trying += n
		t.trying = n > 0
	}
}

// sitOut makes the next POST of a rest another lane's.
func (s *Scheduler) sitOut(l *lane) {
	if !l.sitsOut {
		l.sitsOut = true
		s.sitting = append(s.sitting, l)
	}
}

func (s *Scheduler) standUp() {
	for _, l := range s.sitting {
		s.changeLane(l, func() { l.sitsOut = false })
	}
	s.sitting = nil
}
