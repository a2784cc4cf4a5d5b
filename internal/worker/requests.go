package worker

// maxRequests is how many checks and finds are in flight at most. A term may begin with ten thousands of Pods to ask about.
const maxRequests = 64

// requests are the checks and finds: reads, which wait for their turn in the order they were asked for.
type requests struct {
	waiting  []effect
	inFlight int
}

func (r *requests) add(e effect) { r.waiting = append(r.waiting, e) }

// answered handles that the answer to one is in.
func (r *requests) answered() { r.inFlight-- }

// next takes the first one off if another may be in flight; nil: none.
func (r *requests) next() effect {
	if len(r.waiting) == 0 || r.inFlight >= maxRequests {
		return nil
	}
	e := r.waiting[0]
	r.waiting[0] = nil
	r.waiting = r.waiting[1:]
	r.inFlight++
	return e
}

// sendRequests sends those whose turn it is. A stop drops the others: nobody waits for them any more.
func (s *state) sendRequests() {
	if s.stopping {
		s.requests.waiting = nil
	}
	for e := s.requests.next(); e != nil; e = s.requests.next() {
		s.emit(e)
	}
}
