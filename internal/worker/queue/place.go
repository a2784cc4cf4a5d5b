package queue

// Place is the right to have a Pod, counted in the installation, the queue, the template and the event. The zero value is
// none. Copies are of one place: once it is released, all of them are worth nothing.
type Place struct {
	n   int32  // in the table, from 1
	gen uint32 // of that row
}

// places are those that are held: what counts is here, not what others remember.
type places struct {
	rows []placeRow
	free []int32
}

type placeRow struct {
	ref Ref // 0: free
	gen uint32
}

func (p *places) take(r Ref) Place {
	if last := len(p.free) - 1; last >= 0 {
		n := p.free[last]
		p.free = p.free[:last]
		p.rows[n-1].ref = r
		return Place{n: n, gen: p.rows[n-1].gen}
	}
	p.rows = append(p.rows, placeRow{ref: r})
	return Place{n: int32(len(p.rows))}
}

// release gives one back; 0: it was given back before, or is none.
func (p *places) release(pl Place) Ref {
	if pl.n == 0 || p.rows[pl.n-1].gen != pl.gen || p.rows[pl.n-1].ref == 0 {
		return 0
	}
	row := &p.rows[pl.n-1]
	r := row.ref
	row.ref, row.gen = 0, row.gen+1
	p.free = append(p.free, pl.n)
	return r
}

func (p *places) held() int { return len(p.rows) - len(p.free) }

// Occupy takes a place for a Pod that exists without a choice of this Scheduler, whatever the caps.
func (s *Scheduler) Occupy(r Ref) Place {
	var p Place
	s.changeQueue(s.at(r).lane, func() { p = s.take(r) })
	return p
}

// Release gives a place back whose Pod has ended, or never was, and zeroes it; nothing happens if it was given back before.
// A lane that waits for a full quota may try for it.
func (s *Scheduler) Release(p *Place) {
	place := *p
	*p = Place{}
	r := s.places.release(place)
	if r == 0 {
		return
	}
	l := s.at(r).lane
	s.changeQueue(l, func() { s.count(r, -1) })
	l.line.template.lastPod = s.now
	s.credit()
}

// Live is how many places are held.
func (s *Scheduler) Live() int { return s.places.held() }

// take takes a place for an event. Its queue is off the boards.
func (s *Scheduler) take(r Ref) Place {
	s.count(r, 1)
	return s.places.take(r)
}

// count counts n places in or, negative, out: in the queue, the template and the event by one call, so that they cannot drift.
func (s *Scheduler) count(r Ref, n int) {
	en := s.at(r)
	en.lane.line.queue.live += n
	en.lane.line.template.live += n
	en.rare().live += int32(n)
	s.settleEvent(r)
}
