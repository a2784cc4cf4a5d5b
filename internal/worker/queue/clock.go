package queue

import "time"

// instant is a moment on the Scheduler's own clock, which no change of the computer's time moves; 0: none.
type instant time.Duration

func (i instant) add(d time.Duration) instant { return i + instant(d) }

// tick sets the time: what was to wait until now waits no longer.
func (s *Scheduler) tick(now time.Time) {
	if s.epoch.IsZero() {
		s.epoch = now.Add(-time.Second) // so that no moment is 0
	}
	s.now, s.wall = max(s.now, instant(now.Sub(s.epoch))), now.UnixMilli()
	for s.timers.len() > 0 && s.timers.top().wake <= s.now {
		l := s.timers.top()
		s.changeLane(l, func() { s.comeBack(l) })
	}
}

// time is the inverse of what tick does; zero for none.
func (s *Scheduler) time(i instant) time.Time {
	if i == 0 {
		return time.Time{}
	}
	return s.epoch.Add(time.Duration(i))
}

// comeBack ends the pause of a lane's events that were set aside until now.
func (s *Scheduler) comeBack(l *lane) {
	for l.aside.len() > 0 && s.at(l.aside.top()).more.back <= s.now {
		r := l.aside.top()
		l.aside.drop(r)
		s.at(r).more.back = 0
		s.settleEvent(r)
	}
}

// Wake returns when time alone may let something start or expire: zero: never; at or before now: at once.
func (s *Scheduler) Wake(now time.Time) time.Time {
	s.tick(now)
	var at time.Time
	earlier := func(t time.Time) {
		if at.IsZero() || t.Before(at) {
			at = t
		}
	}
	if s.timers.len() > 0 {
		earlier(s.time(s.timers.top().wake))
	}
	if s.rest.on() && s.rest.until > s.now && s.waiting > 0 {
		earlier(s.time(s.rest.until))
	}
	if s.deadlines.len() > 0 {
		earlier(time.UnixMilli(s.at(s.deadlines.top()).more.startBy))
	}
	return at
}

// maxExpired bounds how many events Expire returns.
const maxExpired = 64

// Expire returns events whose StartBy has passed and that have slots to start, at most 64; Wake says when there are more.
// Each is returned once, and again when slots of it may start anew. Which of its slots never had a Pod, the caller knows.
func (s *Scheduler) Expire(now time.Time) []Ref {
	s.tick(now)
	var expired []Ref
	for s.deadlines.len() > 0 && len(expired) < maxExpired {
		r := s.deadlines.top()
		if s.at(r).more.startBy > s.wall {
			break
		}
		s.deadlines.drop(r)
		expired = append(expired, r)
	}
	return expired
}
