package queue

import (
	"cmp"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// maxLanes is how many lanes a line has at most: producers choose the shapes. The last one takes all further shapes.
const (
	maxLanes    = 64
	otherShapes = "*"
)

// line is one queue's open events of one template.
type line struct {
	queue    *queue
	template *template
	lanes    []*lane
	spots    [boards]*spot
	pos      int // in its template's lines
}

func newLine(q *queue, t *template) *line {
	ln := &line{queue: q, template: t}
	for b := range boards {
		ln.spots[b] = newSpot(b, ln)
	}
	t.add(ln)
	return ln
}

// laneOf is the lane of a shape; nil: it has none yet.
func (ln *line) laneOf(shape string) *lane {
	for _, l := range ln.lanes {
		if l.shape == shape {
			return l
		}
	}
	if len(ln.lanes) == maxLanes {
		return ln.lanes[maxLanes-1]
	}
	return nil
}

// firstWindow is how many POSTs a lane may have in flight that has had no answer yet.
const firstWindow = 4

// lane is a line's events of one shape: the API server refuses all their Pods or none. It owns a breaker.
type lane struct {
	line  *line
	shape string

	members  int       // open events
	events   heap[Ref] // those with a slot that may start
	aside    heap[Ref] // those that were refused, by when they come back
	first    key       // of the first of events
	nextBack instant   // when the first of aside comes back

	inFlight int    // POSTs
	window   int    // how many may be
	refusal  string // what the API server said to the last Pod that it refused
	breaker  breaker
	quota    quota
	tried    uint64 // the number of its last POST
	provenAt uint64 // the number of the last answer that shows it healthy
	sitsOut  bool   // it was answered during this rest: another lane's turn

	spot *spot // where it may start from; nil: nowhere
	pos  int32

	wake    instant // when time alone changes where it belongs; 0: never
	wakePos int32
}

func newLane(ln *line, n int, shape string) *lane {
	if n == maxLanes-1 {
		shape = otherShapes
	}
	return &lane{line: ln, shape: shape, window: firstWindow}
}

// trusted reports whether its POSTs need not be trials, its own breaker aside.
func (l *lane) trusted() bool {
	return !l.line.template.suspect() || l.provenAt > l.line.template.suspectAt
}

// board is the one it belongs on now; false: none.
func (l *lane) board(now instant) (kind, bool) {
	switch {
	case l.events.len() == 0 || l.sitsOut:
		return 0, false
	case l.breaker.open:
		return trials, now >= l.breaker.until
	case !l.trusted():
		return trials, true
	case l.quota.full && !l.quota.probes(now):
		return full, l.inFlight < l.window
	}
	return ready, l.inFlight < l.window
}

// wakeTime is when time alone changes that; 0: never.
func (l *lane) wakeTime(now instant) instant {
	var at instant
	if l.aside.len() > 0 {
		at = l.nextBack
	}
	if l.events.len() == 0 {
		return at
	}
	if l.breaker.open {
		at = sooner(at, l.breaker.until, now)
	}
	if l.quota.full {
		at = sooner(at, l.quota.until, now)
	}
	return at
}

// sooner is the earlier of two times; one that is 0, or not after now, does not count.
func sooner(a, b, now instant) instant {
	if b > now && (a == 0 || b < a) {
		return b
	}
	return a
}

// key orders events within a queue: by acceptance, earlier by what their priority is worth, then by ID. It never changes.
type key struct {
	at int64 // Unix ms
	id event.ID
}

func compareKeys(a, b key) int {
	if a.at != b.at {
		return cmp.Compare(a.at, b.at)
	}
	return a.id.Compare(b.id)
}

func (k key) before(other key) bool { return compareKeys(k, other) < 0 }

// compareLanes is any total order of lanes, by their names.
func compareLanes(a, b *lane) int {
	return cmp.Or(
		strings.Compare(a.line.queue.name, b.line.queue.name),
		strings.Compare(a.line.template.name, b.line.template.name),
		strings.Compare(a.shape, b.shape),
	)
}
