package worker

import (
	"log/slog"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Settings bound what the core does. All of them are the operator's.
type Settings struct {
	Rules event.Rules
	Names event.Names

	MaxWorkers        int // how many workers may run or be pending at once
	MaxWaiting        int // how many events may wait for capacity before intake pauses
	MaxAttempts       int // how many Pods a worker may get
	CreateConcurrency int // POSTs in flight
	DeleteConcurrency int // DELETEs in flight

	PendingTimeout   time.Duration // unscheduled, refused, or its name taken for so long: failed
	ImagePullTimeout time.Duration // image not pulled for so long: failed
	SucceededTTL     time.Duration // how long the Pod of a succeeded worker is kept
	FailedTTL        time.Duration // how long any other ended Pod is kept

	Skew time.Duration // the API server's clock minus ours
}

// state is the pure core: everything that is decided is decided here, and nothing else happens here. It has no
// goroutine, channel, clock or map order in its results; what it wants done is what step returns, and what came of
// it arrives as a later input. Whatever must not happen before a write is committed (a create before its event's
// record, a delete before its worker's outcome) is returned only by the step that learns of that commit.
//
// Its parts own their data: queue who starts next, lookups what is read, removals what is deleted, orphans what has no
// record, timers when to look again. Decisions that need several of them are methods of state.
type state struct {
	Settings

	events map[event.ID]*trackedEvent // accepted, but for those that are packed in the queue
	intake intake

	queue    queue
	lookups  lookups
	removals removals
	orphans  orphans
	timers   timers
	throttle throttle

	uncommitted      []Write // emitted and not committed, oldest first
	holdingCapacity  int     // workers that have, or may have, a Pod; and Pods of ended workers that may still run
	createsInFlight  int
	deletesInFlight  int
	requestsInFlight int  // checks and finds
	listed           bool // the first complete observation is in
	stopping         bool

	now time.Time
	out []effect
}

func newState(s Settings) *state {
	return &state{
		Settings: s,
		events:   make(map[event.ID]*trackedEvent),
		intake:   newIntake(),
		queue:    newQueue(),
		lookups:  newLookups(),
		removals: newRemovals(),
		orphans:  newOrphans(),
	}
}

// step takes one input and returns what is to be done now, in this order. The Manager calls it, from one goroutine, with
// a clock that does not go back.
func (s *state) step(now time.Time, in input) []effect {
	s.now, s.out = now, nil
	switch in := in.(type) {
	case loaded:
		s.load(in)
	case entries:
		s.acceptBatch(in.batch)
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
	s.fireTimers()
	s.startWorkers()
	s.sendDeletes()
	return s.out
}

// next is when step wants a tick although nothing happens; the zero time: never.
func (s *state) next() time.Time {
	at := s.timers.next()
	at = earliest(at, s.throttle.until, s.now)
	return earliest(at, s.queue.wakeTime(s.now), s.now)
}

// full reports whether so many events wait that intake should pause.
func (s *state) full() bool { return s.queue.len() >= s.MaxWaiting }

// idle reports whether nothing is in flight and everything is committed: a stopping Manager may end.
func (s *state) idle() bool {
	return s.createsInFlight == 0 && s.deletesInFlight == 0 && s.requestsInFlight == 0 && len(s.uncommitted) == 0
}

// capacity is how many more workers may have a Pod now.
func (s *state) capacity() int {
	return s.MaxWorkers - s.holdingCapacity - s.lookups.activePods() - s.orphans.activePods()
}

func (s *state) emit(e effect) { s.out = append(s.out, e) }

func (s *state) write(w Write) {
	s.uncommitted = append(s.uncommitted, w)
	s.emit(write{w})
}

func (s *state) info(message string, attrs ...any) { s.emit(logEntry{slog.LevelInfo, message, attrs}) }

func (s *state) warn(c errcode.Code, attrs ...any) { s.logCode(slog.LevelWarn, c, attrs) }

func (s *state) error(c errcode.Code, attrs ...any) { s.logCode(slog.LevelError, c, attrs) }

func (s *state) logCode(level slog.Level, c errcode.Code, attrs []any) {
	s.emit(logEntry{level, c.Entry().Message, append(slices.Clip(attrs), "code", string(c))})
}
