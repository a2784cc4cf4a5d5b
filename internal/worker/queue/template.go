package queue

// template is what all queues' lines of one Pod template have in common.
type template struct {
	name     string
	cap      int     // 0: none of its own
	live     int     // places
	inFlight int     // POSTs
	trying   bool    // one of them is a trial
	lastPod  instant // when a Pod of it was last known to live

	openLanes int
	suspectAt uint64 // how many answers there had been when the first of them opened
	lines     []*line
	shelves   [boards]*shelf
}

// template returns the template of that name, made when it is asked for first.
func (s *Scheduler) template(name string) *template {
	t := s.templates[name]
	if t == nil {
		t = &template{name: name, cap: s.policy.Templates[name].MaxWorkers}
		for b := range boards {
			t.shelves[b] = newShelf(b, t)
		}
		s.templates[name] = t
	}
	return t
}

// open reports whether another of its Pods may have a place.
func (t *template) open() bool { return t.cap == 0 || t.live < t.cap }

// pods is how many of its Pods live, or may: those whose POST is in flight do not count.
func (t *template) pods() int { return t.live - t.inFlight }

// suspect reports whether a breaker of its lanes is open: then a lane without a success since has to prove itself.
func (t *template) suspect() bool { return t.openLanes > 0 }

func (t *template) add(ln *line) {
	ln.pos = len(t.lines)
	t.lines = append(t.lines, ln)
}

func (t *template) remove(ln *line) {
	last := t.lines[len(t.lines)-1]
	t.lines[ln.pos], last.pos = last, ln.pos
	t.lines = t.lines[:len(t.lines)-1]
}
