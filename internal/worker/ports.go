package worker

import (
	"context"
	"errors"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"time"
)

// Source is where entries come from: the Redis stream.
type Source interface {
	// Read returns the next entries in stream order, after at most about two seconds; none is no error. First after
	// the start, and first after every error, it returns what was delivered before and is not acknowledged yet
	// (Redelivered), from the beginning, under whichever consumer's name, then new entries. A group that does not exist
	// is created. One goroutine calls it.
	Read(ctx context.Context) ([]Entry, error)
}

// ErrStreamReplaced is what a Read ends with when the stream is not the one this term began with: a new one that counts from
// below the mark. Only a new term can read it.
var ErrStreamReplaced = errors.New("the stream is a new one")

// Entry is one raw stream entry.
type Entry struct {
	ID     event.ID
	Fields map[string]string // of a repeated field the last value; nil when Trimmed; of a huge entry what fits
	// Size is zero unless a dead letter cannot hold all the fields.
	Size Size
	// Redelivered: handed to this consumer before, so its record may exist already.
	Redelivered bool
	// Trimmed: it is pending, but somebody deleted it from the stream; only its ID is left.
	Trimmed bool
	// Poisonous: it was delivered so often without ever being taken in that its body may be what ends us. So the body
	// was not read; only the ID is there.
	Poisonous bool
	// KeyOwner is the event that holds this entry's idempotency key, as read from Redis with the entry; the zero ID
	// when nobody does. KeyHash is the content hash it was taken with.
	KeyOwner event.ID
	KeyHash  string
}

// Size says how large an entry is as it was sent.
type Size struct {
	Fields int    // names with their values, repeated ones too
	Bytes  int    // of names and values
	Sum    string // SHA-256, in hex, of names and values in the order they were sent, each as `<bytes>:<text>`
}

// Journal is the memory that outlives the process: the records in Redis.
type Journal interface {
	// Begin starts a term, before anything else is called: from now on no earlier term, of this process or another, can
	// write any more. It returns the highest ID ever taken in; the zero ID when there is none. known is false when no
	// term ever began here, which after one that did means that Redis was emptied.
	Begin(ctx context.Context) (mark event.ID, known bool, err error)
	// Open returns the records of events that are not closed yet, in numeric order of their IDs, starting after the
	// given one (the zero ID: from the beginning), at most n of them. Fewer than n: there are no more.
	Open(ctx context.Context, after event.ID, n int) ([]Record, error)
	// Find returns the record of one event, closed or not; nil when there is none; ErrUnreadable.
	Find(ctx context.Context, id event.ID) (*Record, error)
	// Commit applies the batch in its order in one MULTI, all or nothing; never when another term has begun since, or
	// when Redis was emptied. An error means unknown: it may have been applied. The caller then ends its term and
	// starts a new one from the records. An empty batch only asks whether the term still stands.
	Commit(ctx context.Context, batch []Write) error
}

// ErrTermOver is what a Commit ends with, nothing applied, when another term has begun or Redis was emptied: this term is over.
var ErrTermOver = errors.New("this term is over")

// ErrUnreadable says that a record is there and nobody can read it: somebody else wrote it, or damaged it. The event is
// left as it is; everything else goes on.
var ErrUnreadable = errors.New("the record cannot be read")

// Record is what Redis remembers of an event.
type Record struct {
	Event   event.Event
	Slots   []SlotRecord // index 0 is slot 1; always PodCount of them; all zero once Closed, when only counts are kept
	Settled bool
	Closed  bool
	Counts  Counts   // of a scale_down: its victims' outcomes so far; of a scale_up only once Closed
	Victims []Victim // of a scale_down that is settled: whom it takes away
}

// Victim is one slot that a scale_down has chosen.
type Victim struct {
	Event event.ID
	Slot  int // 1..
}

// SlotRecord is the mark, or the outcome, of one slot. The zero value: nothing is known, no Pod was marked.
type SlotRecord struct {
	Attempt  int       // 1..; 0: no mark yet
	State    State     // created, running, retrying or an outcome
	UID      string    // of the attempt's Pod
	Node     string    // where it ran, if it was bound
	Reason   string    // CamelCase
	ExitCode *int      // nil: no container ended
	At       time.Time // when this was recorded, ms
}

// State is what the status stream and the records say of a worker.
type State string

// The states of a worker. The last four are outcomes: a worker gets exactly one.
const (
	StateCreated   State = "created"
	StateRunning   State = "running"
	StateRetrying  State = "retrying"
	StateSucceeded State = "succeeded"
	StateFailed    State = "failed"
	StateCancelled State = "cancelled"
	StateLost      State = "lost"
)

// IsOutcome reports whether s ends a worker.
func (s State) IsOutcome() bool {
	return s == StateSucceeded || s == StateFailed || s == StateCancelled || s == StateLost
}

// Counts are an event's outcomes, counted.
type Counts struct {
	Succeeded, Failed, Cancelled, Lost int
}

// Write is one change of the records with its entry on the status stream. The kinds are listed below; a Journal
// handles every one of them.
type Write interface{ isWrite() }

type (
	// Accept takes an event in: its record, its place in the open set, the mark, its idempotency key, the status
	// entry `accepted`. It does not acknowledge.
	Accept struct {
		Event event.Event
		Hash  string // content hash, kept with the idempotency key
		At    time.Time
	}
	// Duplicate acknowledges an entry that is the same as Of (the zero ID: its own ID was taken in before and its
	// record is gone); moves the mark; the status entry `duplicate`.
	Duplicate struct {
		ID     event.ID
		Of     event.ID
		Type   event.Type // as sent; empty where that is none
		TaskID string
		At     time.Time
	}
	// Reject puts an entry on the dead-letter stream and acknowledges it; moves the mark; the status entry `rejected`.
	Reject struct {
		ID     event.ID
		Fields map[string]string
		Size   Size   // the entry's
		Code   string // snake_case, for programs
		Reason string // a sentence, for people
		TaskID string // as sent, if it was valid
		At     time.Time
	}
	// Progress records a slot's state that is no outcome: created, running or retrying; the status entry `worker`.
	Progress struct{ Report }
	// Outcome records how a worker ended; the status entry `worker`. At most one a worker, ever.
	Outcome struct{ Report }
	// Settle acknowledges an event whose slots all have a mark or an outcome; the status entry `settled`.
	Settle struct {
		ID     event.ID
		TaskID string
		At     time.Time
	}
	// Close ends an event: takes it off the open set, compacts its record to the counts and lets it, and its
	// idempotency key, expire after the record TTL; the status entry `closed`.
	Close struct {
		ID             event.ID
		TaskID         string
		IdempotencyKey string
		Slots          int // how many slot fields the record has
		Counts         Counts
		At             time.Time
	}
	// Ack acknowledges an entry whose event was settled before and that was delivered again. No status entry.
	Ack struct{ ID event.ID }
	// Select settles a scale_down: its victims are recorded, and its entry is acknowledged. The status entry
	// `scaled_down` says how many there are of those asked for.
	Select struct {
		ID      event.ID
		TaskID  string
		Victims []Victim
		Asked   int
		At      time.Time
	}
	// Restore writes a whole record anew, that of an open event with its place in the open set and its idempotency key,
	// and, if it is the highest, the mark: Redis was emptied, or has lost this one. No status entry.
	Restore struct {
		Record Record
		Hash   string // content hash
		At     time.Time
	}
)

func (Accept) isWrite()    {}
func (Duplicate) isWrite() {}
func (Reject) isWrite()    {}
func (Progress) isWrite()  {}
func (Outcome) isWrite()   {}
func (Settle) isWrite()    {}
func (Close) isWrite()     {}
func (Ack) isWrite()       {}
func (Select) isWrite()    {}
func (Restore) isWrite()   {}

// Report is what is recorded and said of one worker at one moment.
type Report struct {
	ID         event.ID
	TaskID     string
	Worker     string // the worker's name: that of its first Pod
	Slot       int    // 1..PodCount
	Attempt    int    // 1..
	State      State
	UID        string
	Node       string
	Reason     string // CamelCase; may be empty
	Message    string // for people, at most 1 KiB; may be empty
	ExitCode   *int
	At         time.Time
	SelectedBy event.ID // an outcome's: the scale_down that chose the worker, whose counts it goes into; zero: none
	// Began is when the stage began that this report ends, for meters: of a created, the wait since the event was taken
	// in; of a running, the Pod's start; of an outcome, the run. Zero: there was no such stage, or nobody saw it begin.
	Began time.Time
}

// Cluster is where Pods run: Kubernetes.
type Cluster interface {
	// Create starts the Pod of one attempt. The errors wrap one of the Err values below; with ErrExists the UID of
	// our existing Pod is returned. It is called by several goroutines at once and returns within its own timeout.
	Create(ctx context.Context, p PodSpec) (uid string, err error)
	// Delete asks for the Pod's end if it still has that UID; the watch says when it is gone. ErrGone: it was before, and
	// the watch will say nothing. A negative grace means the Pod's own.
	Delete(ctx context.Context, ref PodRef, grace time.Duration) error
	// Watch calls each with all Pods of this installation (complete, from a consistent LIST, first and after every
	// interruption), then with changes as they come, from one goroutine, until ctx ends. A Pod that has our labels and
	// does not say, or no longer, whose it is, is left out of the former; of a change it is shown with its Ref alone. It
	// returns only ctx's error or one that makes watching impossible.
	Watch(ctx context.Context, each func(obs []Observation, complete bool)) error
	// Get asks the API server, consistently, for one Pod; nil: it is gone, and if it came back, then with another UID.
	// A Pod with that UID is shown whatever became of its labels and annotations: Event, Slot and Attempt may be zero.
	// Without a UID it is ours if it says so, else ErrNameConflict. Origin is filled in.
	Get(ctx context.Context, ref PodRef) (*Observation, error)
}

// What a Create can end with besides success: each says what to do next.
var (
	ErrExists       = errors.New("the Pod exists and is ours")           // as good as created
	ErrNameConflict = errors.New("a foreign Pod has this name")          // try again later
	ErrRefused      = errors.New("the API server refuses this Pod")      // quota, admission, invalid: the operator's to mend
	ErrUnavailable  = errors.New("the API server is busy")               // 429, 5xx: back off
	ErrForbidden    = errors.New("the API server denies us access")      // 401, RBAC 403, namespace gone: the operator's to mend
	ErrUnknown      = errors.New("the API server's answer is not known") // it may exist now: try again, same name
)

// ErrGone is what a Delete ends with when there is no such Pod any more: as good as deleted.
var ErrGone = errors.New("the Pod is gone already")

// PodSpec asks for the Pod of one attempt.
type PodSpec struct {
	Name    string
	Event   *event.Event // shared, never changed
	Slot    int
	Attempt int
}

// PodRef names one Pod for good: names come back after a deletion, UIDs do not.
type PodRef struct {
	Name string
	UID  string // empty only where it is not known
}

// Phase is how far a Pod has come.
type Phase uint8

// The phases of a Pod.
const (
	PhasePending Phase = iota // not bound to a node, or its containers have not started
	PhaseRunning
	PhaseSucceeded
	PhaseFailed
)

// Ended reports whether no container of the Pod runs or will run.
func (p Phase) Ended() bool { return p == PhaseSucceeded || p == PhaseFailed }

// Waiting is why a Pod that is bound to a node does not run yet, as far as it matters.
type Waiting uint8

// The kinds of waiting.
const (
	WaitingNone   Waiting = iota // it does not wait, or nothing is wrong
	WaitingImage                 // the image cannot be pulled (yet)
	WaitingBroken                // it will never start: invalid image name, container config error
)

// Observation is one Pod as the watch shows it, trimmed to what decisions need.
type Observation struct {
	Ref     PodRef
	Event   event.ID // from the Pod's annotation; zero: nobody can read it
	Slot    int      // 1..
	Attempt int      // 1..

	Gone      bool // the watch says it is deleted; with nothing else set but what was last seen
	Phase     Phase
	Node      string    // empty: not bound
	Deleting  time.Time // somebody asked for its deletion: when its grace is over
	Protected bool      // its owner wants no scale_down to take it
	Disrupted bool      // ended, or being ended, by the infrastructure: evicted, preempted, node shutdown, not admitted by the kubelet
	Waiting   Waiting
	Reason    string       // CamelCase: why it waits or ended: OOMKilled, Error, Evicted, ErrImagePull, Unschedulable …
	Message   string       // for people, at most 1 KiB, valid UTF-8, no control characters but newline
	ExitCode  *int         // of the ended container
	Created   time.Time    // the API server's clock
	Finished  time.Time    // when the container ended, else zero
	Origin    *event.Event // the event as its annotation has it, not checked; nil if it has none, or was not asked for
}
