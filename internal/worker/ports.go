package worker

import (
	"context"
	"errors"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Source is where entries come from: the Redis stream.
type Source interface {
	// Read returns the next entries in stream order, after at most about two seconds; none is no error. First after
	// the start, and first after every error, it returns what was delivered before and is not acknowledged yet
	// (Redelivered), from the beginning, under whichever consumer's name, then new entries. A group that does not exist
	// is created. One goroutine calls it.
	Read(ctx context.Context) ([]Entry, error)
}

// ErrStreamReplaced is what a Read ends with when the stream is not the one this term began with: a new one whose
// IDs are below the last accepted one. Only a new term can read it.
var ErrStreamReplaced = errors.New("the stream was replaced")

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
	// Poisonous: it was delivered so often without ever being accepted that its body may be what ends the process. So the
	// body was not read; only the ID is there.
	Poisonous bool
	// KeyOwner is the event that owns this entry's idempotency key, as read from Redis with the entry; the zero ID when
	// none does. KeyHash is that event's content hash.
	KeyOwner event.ID
	KeyHash  string
}

// Size says how large an entry is as it was sent.
type Size struct {
	Fields int    // names with their values, repeated ones too
	Bytes  int    // of names and values
	Sum    string // SHA-256, in hex, of names and values in the order they were sent, each as `<bytes>:<text>`
}

// Terms is what a term starts from.
type Terms interface {
	// Begin starts a term, before anything else is called: from now on no earlier term, of this process or another, can
	// write any more.
	Begin(ctx context.Context) (TermStart, error)
	// Clocks returns the Clocks that were written and not forgotten, by name. Called after Begin, before Open.
	Clocks(ctx context.Context) (map[string]time.Time, error)
}

// Journal is the memory that outlives the process: the records in Redis.
type Journal interface {
	Terms
	// Open returns the records of events that are not closed yet, in numeric order of their IDs, starting after the
	// given one (the zero ID: from the beginning), at most n of them. Fewer than n: there are no more.
	Open(ctx context.Context, after event.ID, n int) ([]Record, error)
	// Find returns the record of one event, closed or not; nil when there is none; ErrUnreadable; ErrRecordLost.
	Find(ctx context.Context, id event.ID) (*Record, error)
	// Commit applies the batch in its order in one MULTI, all or nothing; never when another term has begun since, or
	// when Redis lost its data. A lost reply is resolved here. An error means unknown: it may have been applied. The caller
	// then ends its term and starts a new one from the records. An empty batch only checks that the term is the newest.
	Commit(ctx context.Context, batch []Write) error
}

// TermStart is what a term begins with.
type TermStart struct {
	LastAccepted event.ID // the highest ID ever accepted; zero: there is none
	// Replaced is the highest ID accepted from another stream that had this name before; zero: it is the same. LastAccepted is
	// zero then: the stream is read from its start.
	Replaced event.ID
	// Known is false when no term ever began here, which after one that did means that Redis lost its data.
	Known bool
	// CompleteSince is the highest ID whose record may have been lost: every accepted event above it has a record, or had one
	// until it expired. A term that is not Known sets it to the highest ID that may have been accepted before. Zero: no record
	// was ever lost.
	CompleteSince event.ID
}

// ErrTermOver is what a Commit ends with, nothing applied, when another term has begun or Redis lost its data.
var ErrTermOver = errors.New("this term is over")

// ErrUnreadable says that a record exists and cannot be read: somebody else wrote it, or damaged it. The event is left as it
// is; all others are handled.
var ErrUnreadable = errors.New("the record cannot be read")

// ErrRecordLost says that there is no record although the event is open: somebody deleted it, or Redis evicted it. Known as of
// the last walk through the open records.
var ErrRecordLost = errors.New("the record of an open event is lost")

// Cluster is where Pods run: Kubernetes.
type Cluster interface {
	// Create starts the Pod of one attempt. The errors wrap one of the Err values below; with ErrExists the UID of
	// our existing Pod is returned. It is called by several goroutines at once and returns within its own timeout.
	Create(ctx context.Context, p PodSpec) (uid string, err error)
	// Delete deletes the Pod if it still has that UID; the watch shows when it is gone. ErrGone: it was gone before, and
	// the watch will show nothing. A negative grace means the Pod's own.
	Delete(ctx context.Context, ref PodRef, grace time.Duration) error
	// Watch calls each with all Pods of this installation (complete, from a consistent LIST, first and after every
	// interruption), then with changes as they come, from one goroutine, until ctx ends. A Pod that has our labels and
	// no readable annotations is left out of the complete ones; a change of it is shown with its Ref alone. It returns
	// only ctx's error or one that makes watching impossible.
	Watch(ctx context.Context, each func(obs []Observation, complete bool)) error
	// Get asks the API server, consistently, for one Pod; nil: it is gone, and if it came back, then with another UID.
	// A Pod with that UID is shown whatever became of its labels and annotations: Event, Slot and Attempt may be zero.
	// Without a UID it is ours if its annotations say so, else ErrNameConflict. Origin is filled in, and Warning of a Pod
	// that has a node and of which nothing has started.
	Get(ctx context.Context, ref PodRef) (*Observation, error)
}

// The errors of Create: each tells the caller what to do next.
var (
	ErrExists       = errors.New("the Pod exists and is ours")           // as good as created; the watch may not show it
	ErrNameConflict = errors.New("another owner's Pod has this name")    // try again later
	ErrRefused      = errors.New("the API server refuses this Pod")      // by a policy, or invalid: the operator has to fix it
	ErrQuota        = errors.New("the namespace's quota is full")        // nothing was made: wait for a place
	ErrAdmission    = errors.New("an admission webhook fails")           // nothing was made: its server has to be fixed
	ErrUnavailable  = errors.New("the API server is unavailable")        // 429, 5xx: back off
	ErrForbidden    = errors.New("the API server forbids the request")   // 401, RBAC 403, namespace gone: the operator has to fix it
	ErrUnknown      = errors.New("the API server's answer is not known") // it may exist now: try again, same name
)

// IsRefusal reports whether a Create was refused for a reason that the operator has to see to: a policy, the quota, a webhook.
func IsRefusal(err error) bool {
	return errors.Is(err, ErrRefused) || errors.Is(err, ErrQuota) || errors.Is(err, ErrAdmission)
}

// ErrGone is what a Delete ends with when the Pod does not exist any more: as good as deleted.
var ErrGone = errors.New("the Pod is gone already")

// PodSpec asks for the Pod of one attempt.
type PodSpec struct {
	Name    string
	Event   *event.Event // shared, never changed
	Slot    int
	Attempt int
	Trial   bool // its lane's breaker is open: this is the one Pod that is tried
}

// PodRef names one Pod for good: names come back after a deletion, UIDs do not.
type PodRef struct {
	Name string
	UID  string // empty only where it is not known
}
