package queue

// keyOf is where an event stands in its queue.
func (s *Scheduler) keyOf(r Ref) key {
	en := s.at(r)
	return key{at: en.accepted - int64(en.priority)*s.aging, id: en.id}
}

// before is the order of events that may start.
func (s *Scheduler) before(a, b Ref) bool { return s.keyOf(a).before(s.keyOf(b)) }

// acceptedBefore is the order in which events were accepted, priorities aside.
func (s *Scheduler) acceptedBefore(a, b Ref) bool {
	x, y := s.at(a), s.at(b)
	return key{at: x.accepted, id: x.id}.before(key{at: y.accepted, id: y.id})
}

// backBefore is the order in which events come back that were set aside.
func (s *Scheduler) backBefore(a, b Ref) bool {
	x, y := s.at(a), s.at(b)
	return key{at: int64(x.more.back), id: x.id}.before(key{at: int64(y.more.back), id: y.id})
}

// startsBefore is the order of the events' deadlines.
func (s *Scheduler) startsBefore(a, b Ref) bool {
	x, y := s.at(a), s.at(b)
	return key{at: x.more.startBy, id: x.id}.before(key{at: y.more.startBy, id: y.id})
}

func wakesBefore(a, b *lane) bool {
	if a.wake != b.wake {
		return a.wake < b.wake
	}
	return compareLanes(a, b) < 0
}
