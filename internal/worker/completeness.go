package worker

import "github.com/ottoscaler/ottoscaler/internal/event"

// A Pod without a record is that of a closed event, whose record has expired, or that of an open one, whose record was lost.
// The first is deleted, the second must not be. What tells them apart is in Redis too: since which ID no record was lost.

// recordLost remembers that an event's record is not what it was when it was written. It is called before anything is accepted
// above that event: a later term could not tell then that it was open.
func (s *state) recordLost(id event.ID) {
	if id.Compare(s.intake.completeSince) <= 0 {
		return
	}
	s.intake.completeSince = id
	s.write(Complete{Since: id})
}

// carriedSince is since when a carryover is complete. Of a Pod whose event is being looked up nothing is known yet.
func (s *state) carriedSince() event.ID {
	since := s.intake.completeSince
	for id, q := range s.lookups.byEvent {
		if !q.done {
			since = higher(since, id)
		}
	}
	return since
}
