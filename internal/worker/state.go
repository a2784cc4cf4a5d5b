package worker

import (
	"cmp"
	"log/slog"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

// Settings bound what the core does. All of them are the operator's.
type Settings struct {
	Rules event.Rules
	Names event.Names

	Policy *queue.Policy // when a term begins; a reload brings others. nil: the default one

	MaxWorkers        int // how many workers may run or be pending at once
	MaxWaiting        int // how many events may wait for capacity before intake pauses
	MaxAttempts       int // how many Pods a worker may get
	CreateConcurrency int // POSTs in flight, at most: the scheduler finds out how many the API server bears
	DeleteConcurrency int // DELETEs in flight

	PendingTimeout   time.Duration // unscheduled, refused, or its name taken for so long: failed
	StartTimeout     time.Duration // on a node and not started for so long: failed; 0: never
	ImagePullTimeout time.Duration // image not pulled for so long: failed
	SucceededTTL     time.Duration // how long the Pod of a succeeded worker is kept
	FailedTTL        time.Duration // how long any other ended Pod is kept

	Skew time.Duration // the API server's clock minus ours

	// Protected reports whether a template lets no scale_down take its Pods, so that one counts as protected before the
	// watch shows it. nil: none does.
	Protected func(template string) bool
}

// state is the pure core: everything that is decided is decided here, and nothing else happens here. It has no
// goroutine, channel, clock or map order in its results; what it wants done is what step returns, and what came of
// it arrives as a later input. Whatever must not happen before a write is committed (a create before its event's
// record, a delete before its worker's outcome) is returned only by the step that learns of that commit.
//
// Its parts own their data: the scheduler who starts next, lookups what is read, removals what is deleted, orphans what has
// no record, timers when to look again, the agenda what is too much for one step. Decisions that need several of them are
// methods of state.
type state struct {
	Settings

	events map[event.ID]*trackedEvent // accepted, but for those that are packed in the scheduler
	intake intake

	scheduler *queue.Scheduler
	clocks    clocks
	lookups   lookups
	removals  removals
	requests  requests
	orphans   orphans
	timers    timers
	agenda    agenda
	controls  controls
	views     views
	announced announced

	uncommitted     []Write // emitted and not committed, oldest first
	createsInFlight int
	deletesInFlight int
	listed          bool // the first complete observation is in
	stopping        bool

	now    time.Time
	out    []effect
	budget int // how many effects this step may have in all, but for those of its input
}

func newState(s Settings) *state {
	s.Policy = cmp.Or(s.Policy, queue.Default())
	return &state{
		Settings:  s,
		events:    make(map[event.ID]*trackedEvent),
		intake:    newIntake(),
		scheduler: queue.New(queue.Limits{Create: s.CreateConcurrency, PendingTimeout: s.PendingTimeout}, s.Policy),
		clocks:    newClocks(),
		lookups:   newLookups(),
		removals:  newRemovals(),
		orphans:   newOrphans(),
		controls:  newControls(s.Policy),
		views:     newViews(),
		announced: newAnnounced(),
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
	case commands:
		s.applyCommands(in.batch)
	case reloaded:
		s.reload(in)
	case stop:
		s.stopping = true
	case tick:
	}
	s.runAgenda()
	s.expireWaiting()
	s.fireTimers()
	s.startWorkers()
	s.sendDeletes()
	s.publishViews()
	s.sendRequests()
	return s.out
}

// next is when step wants a tick although nothing happens; the zero time: never.
func (s *state) next() time.Time {
	if s.unfinished() {
		return s.now
	}
	at := earliest(s.timers.next(), s.scheduler.Wake(s.now), s.now)
	return earliest(at, s.views.at, s.now)
}

// earliest is the earlier of two times; the second one does not count if it is zero or not after now.
func earliest(a, b, now time.Time) time.Time {
	if b.After(now) && (a.IsZero() || b.Before(a)) {
		return b
	}
	return a
}

// full reports whether so many events wait that intake should pause.
func (s *state) full() bool { return s.scheduler.Len() >= s.MaxWaiting }

// idle reports whether nothing is in flight and everything is committed: a stopping Manager may end.
func (s *state) idle() bool {
	return s.createsInFlight == 0 && s.deletesInFlight == 0 && s.requests.inFlight == 0 && len(s.uncommitted) == 0 &&
		s.agenda.empty()
}

// capacity is how many more workers may have a Pod now.
func (s *state) capacity() int {
	return s.MaxWorkers - s.holding() - s.lookups.activePods() - s.orphans.activePods()
}

// holding is how many workers have, or may have, a Pod, Pods of ended workers that may still run included.
func (s *state) holding() int { return s.scheduler.Live() + s.removals.unscheduled }

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
