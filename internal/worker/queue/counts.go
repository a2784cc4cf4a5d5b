package queue

import "iter"

// Withdraw takes a choice back whose POST is not sent: the core knows of a reason, such as a cancel. The slot may start again, and
// the credit that it took is another lane's.
func (s *Scheduler) Withdraw(c Choice) {
	s.changeQueue(c.lane, func() {
		s.permit(c, -1)
		s.takeBack(c)
		s.startAgain(c)
		if c.Credit {
			s.credits++
		}
	})
}

// WaitingIn is how many events of a queue have slots to start.
func (s *Scheduler) WaitingIn(queue string) int {
	if q := s.queues[queue]; q != nil {
		return q.waiting
	}
	return 0
}

// Knows reports whether a queue is one of the policy or has open events.
func (s *Scheduler) Knows(queue string) bool { return s.queues[queue] != nil }

// UnnamedQueues is how many queues have open events and are not in the policy: it counts them all.
func (s *Scheduler) UnnamedQueues() int {
	n := 0
	for _, q := range s.queues {
		if !q.named {
			n++
		}
	}
	return n
}

// WaitingSlots is how many slots may start, of all events.
func (s *Scheduler) WaitingSlots() int { return s.slots }

// PackedEvents is how many events wait packed.
func (s *Scheduler) PackedEvents() int { return s.packedCount }

// AllPacked yields the packed events, in no particular order.
func (s *Scheduler) AllPacked() iter.Seq[Ref] {
	return func(yield func(Ref) bool) {
		for _, q := range s.queues {
			for r := q.packed.oldest; r != 0; r = s.at(r).newer {
				if !yield(r) {
					return
				}
			}
		}
	}
}
