package worker

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// world is a model of everything around the core: the stream, the records, the cluster and the wire between them. It
// is driven single-threaded, so that every order of replies, losses and crashes can be chosen, and it checks the
// invariants as a watcher from outside would see them.
type world struct {
	fatal func(format string, args ...any)
	story []string // what happened, for whoever reads a failure
	set   Settings
	now   time.Time
	core  *state

	// Redis
	entries []Entry // the stream, in order
	read    int     // how many of them were delivered
	first   int     // the first that Redis still has
	pending map[event.ID]bool
	records map[event.ID]*Record
	mark    event.ID
	keys    map[string]keyOwner
	dead    map[event.ID]string // reason codes
	dups    map[event.ID]event.ID
	said    map[string]int // outcomes on the status stream, by worker
	closed  map[event.ID]Counts

	// Kubernetes
	pods    map[string]*modelPod
	posted  map[string]int // Pods ever created, by name
	uids    int
	watched []Observation // on their way to us
	foreign map[string]bool

	// in flight
	writes  []Write
	creates []create
	removes []remove
	asks    []effect
	replies []input

	ahead []Entry // a batch that was read and not handed over yet
	terms int

	doomed map[Victim]bool   // by a recorded choice
	gone   map[event.ID]bool // entries that were lost with Redis before they were taken in

	late    []latePost
	lenient bool // a scale_down may leave somebody out: the protected
	slipped bool // a late one has arrived: room may be overdrawn by it
}

type modelPod struct {
	obs        Observation
	spec       PodSpec
	unlabelled bool // somebody took its labels off: the watch shows it no more, as if it were gone
	unreadable bool // its annotations, too: the watch shows its name and UID alone
}

func newWorld(set Settings, fatal func(string, ...any)) *world {
	w := &world{
		set: set, now: time.Unix(1_756_659_802, 0).UTC(),
		pending: map[event.ID]bool{}, records: map[event.ID]*Record{}, keys: map[string]keyOwner{}, dead: map[event.ID]string{},
		dups: map[event.ID]event.ID{}, said: map[string]int{}, closed: map[event.ID]Counts{}, pods: map[string]*modelPod{},
		posted: map[string]int{}, foreign: map[string]bool{}, doomed: map[Victim]bool{}, gone: map[event.ID]bool{},
	}
	w.fatal = func(format string, args ...any) {
		fatal("%s\n%s", strings.Join(w.story[max(0, len(w.story)-30):], "\n"), fmt.Sprintf(format, args...))
	}
	w.begin()
	return w
}

func (w *world) note(format string, args ...any) {
	w.story = append(w.story, w.now.Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

// begin starts a term from what outlives a process.
func (w *world) begin() { w.beginWith(Carryover{}) }

// beginWith is begin in the same process, for which the term before has left its memory.
func (w *world) beginWith(r Carryover) {
	w.terms++
	w.note("a term begins")
	for _, c := range w.creates {
		w.late = append(w.late, latePost{c.PodSpec, w.now.Add(lateLimit)})
	}
	w.core = newState(w.set)
	w.writes, w.creates, w.removes, w.asks, w.replies, w.watched, w.ahead = nil, nil, nil, nil, nil, nil, nil
	in := loaded{lastAccepted: higher(w.mark, r.LastAccepted)}
	for _, r := range w.sortedRecords() {
		if !r.Closed {
			in.records = append(in.records, w.copyOf(r))
		}
	}
	w.feed(in)
	w.list()
	w.deliverPending()
}

// crash is a kill -9: what is on the wire may or may not arrive.
func (w *world) crash(arrive int) {
	w.die(arrive)
	w.begin()
}

func (w *world) die(arrive int) {
	n := min(arrive, len(w.creates))
	for _, c := range w.creates[:n] {
		_, _ = w.post(c.PodSpec)
	}
	w.creates = w.creates[n:]
}

func (w *world) sortedRecords() []*Record {
	var out []*Record
	for _, r := range w.records {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *Record) int { return a.Event.EventID.Compare(b.Event.EventID) })
	return out
}

func (w *world) copyOf(r *Record) Record {
	c := *r
	c.Slots = slices.Clone(r.Slots)
	return c
}

func (w *world) feed(in input) {
	w.note("in %T %+v", in, in)
	for _, e := range w.core.step(w.now, in) {
		w.note("   out %T %+v", e, e)
		switch e := e.(type) {
		case write:
			w.checkAbsence(e.Write)
			w.writes = append(w.writes, e.Write)
		case create:
			w.creates = append(w.creates, e)
			w.checkCreate(e.PodSpec)
		case remove:
			w.removes = append(w.removes, e)
			w.checkRemove(e.PodRef)
		case check, find:
			w.asks = append(w.asks, e)
		}
	}
	if n := len(w.creates); n > w.set.CreateConcurrency {
		w.fatal("%d POSTs in flight: at most %d", n, w.set.CreateConcurrency)
	}
	if w.core.holdingCapacity > w.set.MaxWorkers && w.terms == 1 {
		w.fatal("%d workers live: at most %d", w.core.holdingCapacity, w.set.MaxWorkers)
	}
}

// handOver gives the core what was read ahead.
func (w *world) handOver() {
	if batch := w.ahead; len(batch) > 0 {
		w.ahead = nil
		w.feed(entries{batch})
	}
}
