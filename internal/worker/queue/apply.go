package queue

import (
	"maps"
	"reflect"
	"slices"
	"time"
)

// AllQueues stands for every queue in Pause.
const AllQueues = "*"

// Apply makes another policy count: weights and caps at once. A lowered cap stops starts and kills nobody. How much a step of
// priority is worth does not change.
func (s *Scheduler) Apply(now time.Time, p *Policy) {
	s.tick(now)
	before := s.policy
	s.policy = p
	s.nameQueues()
	for _, name := range slices.Sorted(maps.Keys(s.queues)) {
		s.applyQueue(s.queues[name])
	}
	for _, name := range slices.Sorted(maps.Keys(s.templates)) {
		t := s.templates[name]
		t.cap = p.Templates[name].MaxWorkers
		s.placeTemplate(t)
		if !reflect.DeepEqual(before.Templates[name], p.Templates[name]) {
			s.TemplateChanged(name)
		}
	}
}

// nameQueues makes the queues of the policy, so that they are seen before they have an event.
func (s *Scheduler) nameQueues() {
	for _, name := range slices.Sorted(maps.Keys(s.policy.Queues)) {
		s.queue(name)
	}
}

func (s *Scheduler) applyQueue(q *queue) {
	_, q.named = s.policy.Queues[q.name]
	if !q.named && len(q.lines) == 0 {
		delete(s.queues, q.name)
		return
	}
	s.liftQueue(q)
	q.setPolicy(s.policy.Queue(q.name))
	s.putQueue(q)
}

// TemplateChanged gets the lanes of a template their next try at once: what they were refused for may be fixed.
func (s *Scheduler) TemplateChanged(name string) {
	t := s.templates[name]
	if t == nil {
		return
	}
	for _, ln := range t.lines {
		for _, l := range ln.lanes {
			s.changeLane(l, func() { s.tryNow(l) })
		}
	}
}

func (s *Scheduler) tryNow(l *lane) {
	l.breaker.until, l.quota.until = min(l.breaker.until, s.now), min(l.quota.until, s.now)
	if l.events.len() == 0 && l.aside.len() > 0 {
		s.at(l.aside.top()).more.back = s.now
		s.comeBack(l)
	}
}

// Pause pauses a queue, or AllQueues, or resumes it. A queue that is paused and all of them are two things.
func (s *Scheduler) Pause(queue string, on bool) {
	if queue == AllQueues {
		s.pausedAll = on
		return
	}
	if on {
		s.paused[queue] = true
	} else {
		delete(s.paused, queue)
	}
	if q := s.queues[queue]; q != nil {
		s.liftQueue(q)
		q.paused = on
		s.putQueue(q)
	}
}
