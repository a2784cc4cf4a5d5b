package queue

// kind is one of the boards: what may start is on exactly one of them. What is out of work, shut, paused or at a cap is on
// none, so nothing ever looks at it.
type kind int

// The boards.
const (
	ready  kind = iota // lanes that may start
	full               // lanes whose quota is full: a POST for each credit
	trials             // lanes that have to prove themselves: one POST of a template at a time
	boards
)

// order is one of the two in which templates, lines and lanes stand on a board.
type order int

// The orders. Trials have one: who was tried least recently comes first.
const (
	fair order = iota // by share, then as aged
	aged              // by key
	orders
)

// board is a heap of templates, each a heap of lines, each a heap of lanes, each a heap of events.
type board struct {
	kind    kind
	shelves [orders]heap[*shelf]
}

// shelf is a template's place on a board.
type shelf struct {
	template *template
	spots    [orders]heap[*spot]
	pos      [orders]int32
}

// spot is a line's place on a board.
type spot struct {
	kind  kind
	line  *line
	lanes heap[*lane]
	pos   [orders]int32
}

func newBoard(k kind) *board {
	b := &board{kind: k}
	for o := range orders {
		before := spotOrder(k, o)
		b.shelves[o] = heap[*shelf]{
			before: func(x, y *shelf) bool { return before(x.spots[o].top(), y.spots[o].top()) },
			at:     func(x *shelf) *int32 { return &x.pos[o] },
		}
	}
	return b
}

func newShelf(k kind, t *template) *shelf {
	x := &shelf{template: t}
	for o := range orders {
		x.spots[o] = heap[*spot]{before: spotOrder(k, o), at: func(p *spot) *int32 { return &p.pos[o] }}
	}
	return x
}

func newSpot(k kind, ln *line) *spot {
	before := laneEarlier
	if k == trials {
		before = laneTriedBefore
	}
	return &spot{kind: k, line: ln, lanes: heap[*lane]{before: before, at: func(l *lane) *int32 { return &l.pos }}}
}

func spotOrder(k kind, o order) func(a, b *spot) bool {
	switch {
	case k == trials:
		return func(a, b *spot) bool { return laneTriedBefore(a.lanes.top(), b.lanes.top()) }
	case o == aged:
		return spotEarlier
	}
	return spotFairer
}

func laneEarlier(a, b *lane) bool { return a.first.before(b.first) }

func laneTriedBefore(a, b *lane) bool {
	if a.tried != b.tried {
		return a.tried < b.tried
	}
	return compareLanes(a, b) < 0
}

func spotEarlier(a, b *spot) bool { return laneEarlier(a.lanes.top(), b.lanes.top()) }

func spotFairer(a, b *spot) bool {
	if qa, qb := a.line.queue, b.line.queue; qa != qb {
		if c := compareShares(qa, qb); c != 0 {
			return c < 0
		}
	}
	return spotEarlier(a, b)
}

// candidates are the lines that may come first in an order: that of the first template, and of the second, in case the first
// has its share of permits already.
func (b *board) candidates(o order) [2]*spot {
	h := &b.shelves[o]
	if h.len() == 0 {
		return [2]*spot{}
	}
	two := [2]*spot{h.top().spots[o].top()}
	if x, ok := h.second(); ok {
		two[1] = x.spots[o].top()
	}
	return two
}

// place puts a template where it belongs now.
func (b *board) place(x *shelf) {
	on := x.spots[fair].len() > 0 && x.template.open() && (b.kind != trials || !x.template.trying)
	for o := range orders {
		if on {
			b.shelves[o].put(x)
		} else {
			b.shelves[o].drop(x)
		}
	}
}

func (s *Scheduler) placeTemplate(t *template) {
	for b := range boards {
		s.boards[b].place(t.shelves[b])
	}
}

// lift takes a line off the boards: its order, or whether it may start, is about to change.
func (s *Scheduler) lift(ln *line) {
	for b := range boards {
		p := ln.spots[b]
		if p.pos[fair] == 0 {
			continue
		}
		x := ln.template.shelves[b]
		for o := range orders {
			x.spots[o].drop(p)
		}
		s.boards[b].place(x)
	}
}

// put puts a line back where it belongs now.
func (s *Scheduler) put(ln *line) {
	for b := range boards {
		p := ln.spots[b]
		if p.lanes.len() == 0 || !ln.queue.open() {
			continue
		}
		x := ln.template.shelves[b]
		for o := range orders {
			x.spots[o].put(p)
		}
		s.boards[b].place(x)
	}
}

// changeLane does something that may alter what a lane has to start, or whether it may.
func (s *Scheduler) changeLane(l *lane, do func()) {
	s.lift(l.line)
	s.unplace(l)
	do()
	s.settle(l)
	s.put(l.line)
}

// changeQueue does something that may alter the share of a lane's queue too, or the counts of its template.
func (s *Scheduler) changeQueue(l *lane, do func()) {
	s.liftQueue(l.line.queue)
	s.unplace(l)
	do()
	s.settle(l)
	s.putQueue(l.line.queue)
	s.placeTemplate(l.line.template)
}

func (s *Scheduler) liftQueue(q *queue) {
	for _, ln := range q.lines {
		s.lift(ln)
	}
}

func (s *Scheduler) putQueue(q *queue) {
	for _, ln := range q.lines {
		s.put(ln)
	}
}

func (s *Scheduler) unplace(l *lane) {
	if l.spot != nil {
		l.spot.lanes.drop(l)
		l.spot = nil
	}
}

// settle puts a lane where it belongs now, and notes when time alone will change that.
func (s *Scheduler) settle(l *lane) {
	if l.events.len() > 0 {
		l.first = s.keyOf(l.events.top())
	}
	if l.aside.len() > 0 {
		l.nextBack = s.at(l.aside.top()).more.back
	}
	if b, ok := l.board(s.now); ok {
		l.spot = l.line.spots[b]
		l.spot.lanes.put(l)
	}
	s.timers.drop(l)
	if l.wake = l.wakeTime(s.now); l.wake != 0 {
		s.timers.put(l)
	}
}
