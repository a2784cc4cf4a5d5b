package worker

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// model simulates everything around the core: the stream, the records, the cluster and the requests in flight. It is
// driven single-threaded, so that a test can choose every order of replies, losses and crashes, and it checks the
// invariants that an outside observer could check.
type model struct {
	fatal   func(format string, args ...any)
	history []note // the last inputs and effects, printed with a failure
	set     Settings
	now     time.Time
	core    *state

	// Redis
	entries      []Entry // the stream, in order
	read         int     // number of entries delivered
	first        int     // index of the first entry that Redis still has
	pending      map[event.ID]bool
	records      map[event.ID]*Record
	lastAccepted event.ID
	complete     event.ID // the highest ID whose record may have been lost
	keys         map[string]keyOwner
	clocks       map[string]time.Time
	dead         map[event.ID]string // reason codes
	dups         map[event.ID]event.ID
	outcomes     map[string]int // entries on the status stream, by worker
	closed       map[event.ID]Counts
	seqs         map[event.ID]int // of the last entry on the status stream
	paused       map[string]Paused
	applied      event.ID
	sent         []Command // of operators

	// Kubernetes
	pods       map[string]*modelPod
	posted     map[string]int // Pods ever created, by name
	uids       int
	ran        map[PodRef]bool // recorded as running
	disrupted  map[PodRef]bool // ended by the infrastructure
	watched    []Observation   // sent by the watch, not yet delivered
	takenNames map[string]bool // Pod names that another owner uses

	// in flight
	writes   []Write
	onTheWay []Write // while some are applied: those that are not yet
	creates  []create
	removes  []remove
	requests []effect
	replies  []input

	ahead []Entry // a batch that was read and not delivered yet
	terms int

	refused     map[event.ID]int    // POSTs of an event that were refused
	selected    map[Victim]bool     // by a recorded Select
	cancelled   map[Victim]event.ID // targets of recorded Cancels: of the first one
	lostEntries map[event.ID]bool   // lost with Redis before they were accepted

	late          []latePost
	largestStep   int  // effects
	someProtected bool // a scale_down may select fewer workers than there are
	latePostRan   bool // a late POST created a Pod: MaxWorkers may be exceeded by it
}

type modelPod struct {
	obs        Observation
	spec       PodSpec
	unlabelled bool // the labels were removed: the watch shows it as gone
	unreadable bool // the annotations were broken: the watch shows its name and UID alone
	wasEdited  bool // one of both, now or earlier
}

func newModel(set Settings, fatal func(string, ...any)) *model {
	m := &model{
		set: set, now: time.Unix(1_756_659_802, 0).UTC(),
		pending: map[event.ID]bool{}, records: map[event.ID]*Record{}, keys: map[string]keyOwner{}, dead: map[event.ID]string{},
		dups: map[event.ID]event.ID{}, outcomes: map[string]int{}, closed: map[event.ID]Counts{}, seqs: map[event.ID]int{}, pods: map[string]*modelPod{},
		posted: map[string]int{}, takenNames: map[string]bool{}, selected: map[Victim]bool{}, lostEntries: map[event.ID]bool{},
		paused: map[string]Paused{}, refused: map[event.ID]int{}, cancelled: map[Victim]event.ID{},
		clocks: map[string]time.Time{}, ran: map[PodRef]bool{}, disrupted: map[PodRef]bool{},
	}
	m.fatal = func(format string, args ...any) {
		var lines []string
		for _, n := range m.history[max(0, len(m.history)-shownNotes):] {
			lines = append(lines, n.at.Format("15:04:05.000 ")+fmt.Sprintf(n.format, n.args...))
		}
		fatal("%s\n%s", strings.Join(lines, "\n"), fmt.Sprintf(format, args...))
	}
	m.beginTerm()
	return m
}

// note is formatted only when it is shown: that took half of the time of a simulation.
type note struct {
	at     time.Time
	format string
	args   []any
}

const shownNotes = 30

func (m *model) note(format string, args ...any) {
	if len(m.history) == 10*shownNotes {
		m.history = append(m.history[:0], m.history[len(m.history)-shownNotes:]...)
	}
	m.history = append(m.history, note{m.now, format, args})
}

// beginTerm starts a term from what survives a process.
func (m *model) beginTerm() { m.beginTermWith(Carryover{}) }

// beginTermWith starts a term in the same process, with the carryover of the previous one.
func (m *model) beginTermWith(r Carryover) {
	m.terms++
	m.note("term begins")
	for _, c := range m.creates {
		m.late = append(m.late, latePost{c.PodSpec, m.now.Add(lateLimit)})
	}
	m.core = newState(m.set)
	m.writes, m.creates, m.removes, m.requests, m.replies, m.watched, m.ahead = nil, nil, nil, nil, nil, nil, nil
	in := loaded{
		lastAccepted: higher(m.lastAccepted, r.LastAccepted), completeSince: m.complete, paused: maps.Clone(m.paused), applied: m.applied,
		clocks: maps.Clone(m.clocks),
	}
	m.onTheWay = nil // what was lost ends no worker any more: it is a cancel's again
	for _, r := range m.sortedRecords() {
		if r.Event.Type == event.Cancel && r.Settled && !r.Closed {
			m.selectTargets(r)
		}
		if !r.Closed {
			in.records = append(in.records, m.copyOf(r))
		}
	}
	m.step(in)
	m.list()
	m.deliverPending()
}

// crash is a kill -9. Of the POSTs in flight the first ones still arrive.
func (m *model) crash(arrive int) {
	m.dropInFlight(arrive)
	m.beginTerm()
}

func (m *model) dropInFlight(arrive int) {
	n := min(arrive, len(m.creates))
	for _, c := range m.creates[:n] {
		_, _ = m.createPod(c.PodSpec)
	}
	m.creates = m.creates[n:]
}

func (m *model) sortedRecords() []*Record {
	var out []*Record
	for _, r := range m.records {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b *Record) int { return a.Event.EventID.Compare(b.Event.EventID) })
	return out
}

func (m *model) copyOf(r *Record) Record {
	c := *r
	c.Slots = slices.Clone(r.Slots)
	return c
}

func (m *model) step(in input) {
	m.note("in %T %+v", in, in)
	effects := m.core.step(m.now, in)
	m.largestStep = max(m.largestStep, len(effects))
	for _, e := range effects {
		m.note("   out %T %+v", e, e)
		switch e := e.(type) {
		case write:
			m.checkAbsence(e.Write)
			m.writes = append(m.writes, e.Write)
		case create:
			m.creates = append(m.creates, e)
			m.checkCreate(e.PodSpec)
		case remove:
			m.removes = append(m.removes, e)
			m.checkRemove(e.PodRef)
		case check, find:
			m.requests = append(m.requests, e)
		}
	}
	if n := len(m.creates); n > m.set.CreateConcurrency {
		m.fatal("%d POSTs in flight: at most %d", n, m.set.CreateConcurrency)
	}
	if m.core.holding() > m.set.MaxWorkers && m.terms == 1 {
		m.fatal("%d workers hold capacity: at most %d", m.core.holding(), m.set.MaxWorkers)
	}
}

// deliverAhead delivers the batch that was read ahead.
func (m *model) deliverAhead() {
	if batch := m.ahead; len(batch) > 0 {
		m.ahead = nil
		m.step(entries{batch})
	}
}
