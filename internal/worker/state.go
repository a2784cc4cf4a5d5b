package worker

import (
	"github.com/ottoscaler/ottoscaler/internal/event"
	"log/slog"
	"time"
)

// Settings bound what the core does. All of them are the operator's.
type Settings struct {
	Rules event.Rules
	Names event.Names

	MaxWorkers        int // how many workers may live at once
	MaxWaiting        int // how many events may wait for room before reading rests
	MaxAttempts       int // how many Pods a worker may get
	CreateConcurrency int // POSTs in flight
	DeleteConcurrency int // DELETEs in flight

	PendingTimeout   time.Duration // unscheduled, refused, or its name taken for so long: failed
	ImagePullTimeout time.Duration // image not pulled for so long: failed
	SucceededTTL     time.Duration // how long the Pod of a succeeded worker is kept
	FailedTTL        time.Duration // how long any other ended Pod is kept

	Skew time.Duration // the API server's clock minus ours
}

// input is one thing that happened. The kinds are listed here; step handles each.
type input interface{ isInput() }

type (
	loaded struct { // at the start of a term, before anything else, in pages
		records []Record // those still open, in the order of their IDs
		mark    event.ID // the highest ID taken in before
	}
	entries  struct{ batch []Entry } // read from the stream
	observed struct {                // from the watch
		batch    []Observation
		complete bool // these are all Pods there are
	}
	written struct{ n int } // the n oldest writes are committed
	created struct {        // the reply to a create
		create
		uid string
		err error
	}
	removed struct { // the reply to a remove
		remove
		err error
	}
	checked struct { // the reply to a check
		check
		pod *Observation // nil: it is gone
		err error
	}
	found struct { // the reply to a find
		find
		record     *Record // nil: there is none
		unreadable bool    // there is one, but nobody can read it
	}
	stop struct{} // finish what is in flight, begin nothing
	tick struct{} // time has passed
)

func (loaded) isInput()   {}
func (entries) isInput()  {}
func (observed) isInput() {}
func (written) isInput()  {}
func (created) isInput()  {}
func (removed) isInput()  {}
func (checked) isInput()  {}
func (found) isInput()    {}
func (stop) isInput()     {}
func (tick) isInput()     {}

// effect is one thing to do. Each but write and notice gets exactly one reply as an input.
type effect interface{ isEffect() }

type (
	write  struct{ Write }   // commit this, after all writes before it
	create struct{ PodSpec } // start the Pod of an attempt
	remove struct{ PodRef }  // delete a Pod whose worker's outcome is recorded
	check  struct {          // ask what became of a Pod that left our sight; with slot 0, which event an orphan's is
		PodRef
		event event.ID
		slot  int
	}
	find   struct{ id event.ID } // look an event's record up
	notice struct {              // tell the log
		level slog.Level
		text  string
		attrs []any
	}
)

func (write) isEffect()  {}
func (create) isEffect() {}
func (remove) isEffect() {}
func (check) isEffect()  {}
func (find) isEffect()   {}
func (notice) isEffect() {}

// state is the pure core: everything that is decided is decided here, and nothing else happens here. It has no
// goroutine, channel, clock or map order in its results; what it wants done is what step returns, and what came of
// it arrives as a later input. Whatever must not happen before a write is committed (a create before its event's
// record, a delete before its worker's outcome) is returned only by the step that learns of that commit.
type state struct {
	Settings

	events map[event.ID]*trackedEvent
	lines  map[string]*line // by template: the events with slots to start, in stream order
	order  []string         // the keys of lines, sorted

	before      event.ID // the highest ID taken in before this term
	highest     event.ID // the highest ID taken in, and committed
	reached     event.ID // the highest ID decided on
	listed      bool     // the first complete observation is in
	held        []Entry  // read and not yet taken in
	forgettable int      // how many of leaving may go once held is empty

	unwritten []Write                // emitted and not committed, oldest first
	refusals  map[event.ID]*refusal  // entries whose refusal is not committed, or was since the last batch but one was read
	keys      map[string]holding     // idempotency keys of events in hand
	leaving   []leaving              // what refusals and keys may forget once another batch has come
	asked     map[event.ID]*question // events whose record is being looked up

	live     int // workers that have, or may have, a Pod
	creating int // POSTs in flight
	removing int // DELETEs in flight
	asking   int // checks and finds in flight

	removals map[string]*removal  // by Pod name: ended Pods, kept for a while, then deleted; victims' Pods
	orphans  map[event.ID]*orphan // Pods whose event has no record
	due      []*removal           // ready to be deleted, waiting for a place in flight
	timers   timers
	trouble  trouble
	stopping bool

	now time.Time
	out []effect
}

func newState(s Settings) *state {
	return &state{
		Settings: s,
		events:   make(map[event.ID]*trackedEvent),
		lines:    make(map[string]*line),
		refusals: make(map[event.ID]*refusal),
		keys:     make(map[string]holding),
		asked:    make(map[event.ID]*question),
		removals: make(map[string]*removal),
		orphans:  make(map[event.ID]*orphan),
	}
}

// step takes one input in and returns what is to be done now, in this order. The Manager calls it, from one
// goroutine, with a clock that does not go back.
func (s *state) step(now time.Time, in input) []effect {
	s.now, s.out = now, nil
	switch in := in.(type) {
	case loaded:
		s.load(in)
	case entries:
		s.takeIn(in.batch)
	case observed:
		s.observe(in.batch, in.complete)
	case written:
		s.committed(in.n)
	case created:
		s.created(in)
	case removed:
		s.removed(in)
	case checked:
		s.checked(in)
	case found:
		s.found(in)
	case stop:
		s.stopping = true
	case tick:
	}
	s.ring()
	s.fill()
	s.clean()
	return s.out
}

// next is when step wants a tick although nothing happens; the zero time: never.
func (s *state) next() time.Time {
	at := s.timers.next()
	if t := s.trouble.until; !t.IsZero() && t.After(s.now) && (at.IsZero() || t.Before(at)) {
		at = t
	}
	for _, l := range s.lines {
		if t := l.wake(); t.After(s.now) && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	return at
}

// full reports whether so many events wait that reading should rest.
func (s *state) full() bool {
	waiting := 0
	for _, l := range s.lines {
		waiting += l.len()
	}
	return waiting >= s.MaxWaiting
}

// idle reports whether nothing is in flight and everything is committed: a stopping Manager may end.
func (s *state) idle() bool {
	return s.creating == 0 && s.removing == 0 && s.asking == 0 && len(s.unwritten) == 0
}

func (s *state) do(e effect) { s.out = append(s.out, e) }

func (s *state) write(w Write) {
	s.unwritten = append(s.unwritten, w)
	s.do(write{w})
}

func (s *state) say(level slog.Level, text string, attrs ...any) {
	s.do(notice{level, text, attrs})
}
