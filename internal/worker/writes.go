package worker

import (
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

// Write is one change of the records with its entry on the status stream. The kinds are listed below; a Journal
// handles every one of them.
type Write interface{ isWrite() }

type (
	// Accept accepts an event: its record, its place in the open set, the last accepted ID, its idempotency key, the
	// status entry `accepted`. It does not acknowledge.
	Accept struct {
		Event event.Event
		Hash  string // content hash, kept with the idempotency key
		Seq   int    // see Report
		Hint  string // for the producer, on the status stream: what was ignored, or taken for something; may be empty
		At    time.Time
	}
	// Duplicate acknowledges an entry that is the same as Of (the zero ID: its own ID was accepted before and its
	// record is gone); moves the last accepted ID; the status entry `duplicate`.
	Duplicate struct {
		ID     event.ID
		Of     event.ID
		Type   event.Type // as sent; empty where that is none
		TaskID string
		At     time.Time
	}
	// Reject puts an entry on the dead-letter stream and acknowledges it; moves the last accepted ID; the status entry
	// `rejected`.
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
	// Settle acknowledges an event whose slots were all created or have an outcome; the status entry `settled`.
	Settle struct {
		ID     event.ID
		TaskID string
		Queue  string
		Seq    int
		At     time.Time
	}
	// Close ends an event: takes it off the open set, compacts its record to the counts and each worker's outcome, and lets
	// it, and its idempotency key, expire after the record TTL; the status entry `closed`.
	Close struct {
		ID             event.ID
		Type           event.Type // the event's
		TaskID         string
		Queue          string
		Seq            int
		IdempotencyKey string
		Refused        bool         // a Refuse of it is recorded
		Slots          []SlotRecord // the Outcome of each; none of a scale_down or cancel
		Counts         Counts
		At             time.Time
	}
	// Ack acknowledges an entry whose event was settled before and that was delivered again. No status entry.
	Ack struct{ ID event.ID }
	// Select settles a scale_down: its victims are recorded, and its entry is acknowledged. The status entry
	// `scaled_down` has how many there are of those asked for.
	Select struct {
		ID      event.ID
		TaskID  string
		Queue   string
		Seq     int
		Victims []Victim
		Asked   int
		At      time.Time
	}
	// Restore rewrites a whole record, that of an open event with its place in the open set and its idempotency key, and,
	// if it is the highest, the last accepted ID: Redis lost its data, or this record. No status entry.
	Restore struct {
		Record  Record
		Hash    string // content hash
		Rebuilt bool   // from its Pods: it does not lift the last accepted ID above the stream's last entry
		At      time.Time
	}
	// Complete records since which ID no record was lost; it may move in both directions. No status entry.
	Complete struct{ Since event.ID }
	// Refuse records when the API server first refused a Pod of an event; the status entry `waiting`. It goes with the
	// first `created` or with the Close.
	Refuse struct {
		ID      event.ID
		TaskID  string
		Queue   string
		Seq     int
		Message string
		At      time.Time
	}
	// Cancel settles a cancel: what it takes is decided by its record alone, and its entry is acknowledged. The status
	// entry `cancelling` has how many workers waited and how many have a Pod.
	Cancel struct {
		ID      event.ID
		TaskID  string
		Queue   string
		Seq     int
		Waiting int
		WithPod int
		At      time.Time
	}
	// Clock keeps when something began that a time limit counts from; with a zero time it is forgotten. No status entry.
	Clock struct {
		Name string // of at most 512 bytes; only the core knows what it means
		At   time.Time
	}
	// Pause pauses or resumes a queue, or all of them, by a command of an operator, which is applied by it; the status
	// entry `paused` or `resumed`.
	Pause struct {
		Queue   string // AllQueues: all
		On      bool
		By      string
		Reason  string
		Command event.ID // on the control stream
		At      time.Time
	}
	// View publishes how the queues stand, for people; nothing reads it back. No status entry.
	View struct {
		Queues []QueueView // those that changed
		Gone   []string    // queues that are no more
	}
)

// AllQueues stands for every queue in a Pause.
const AllQueues = queue.AllQueues

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
func (Complete) isWrite()  {}
func (Refuse) isWrite()    {}
func (Cancel) isWrite()    {}
func (Clock) isWrite()     {}
func (Pause) isWrite()     {}
func (View) isWrite()      {}

// Report is what is recorded and published of one worker at one moment.
type Report struct {
	ID         event.ID
	TaskID     string
	Queue      string // the event's; empty: not known
	Seq        int    // numbers the entries of an event on the status stream: 1, 2, 3 without gaps; 0: not known
	Worker     string // the worker's name: that of its first Pod
	Slot       int    // 1..PodCount
	Attempt    int    // 1..
	State      State
	Pod        string // its name; empty: there is none
	UID        string // the Pod's
	Node       string
	Reason     string // CamelCase; may be empty
	Message    string // for people, at most 1 KiB, of a success MaxResult; may be empty
	ExitCode   *int
	Container  string // whose ExitCode it is, or which could not start; empty: not known, or it is about the Pod
	At         time.Time
	Refused    bool     // of `created`: a Refuse of the event is recorded, and counts no longer
	Exhausted  bool     // an outcome's: it would have got another attempt, and this was the last one it may have
	SelectedBy event.ID // an outcome's: the scale_down or cancel that selected the worker, whose counts it goes into; zero: none
	// Of the Pod and its main container, by Kubernetes' clocks; zero: it did not come to that, or it was not observed.
	CreatedAt, StartedAt, EndedAt time.Time
	// Began is when the stage began that this report ends, for metrics: for `created`, when the event was accepted; for
	// `running`, when the Pod was created; for an outcome, when the run began. Zero: there was no such stage, or its start
	// was not observed.
	Began time.Time
}

// SeqOf is whose entry on the status stream a write makes, and its number; 0: none, or it is not numbered.
func SeqOf(w Write) (id event.ID, seq int) {
	switch w := w.(type) {
	case Accept:
		return w.Event.EventID, w.Seq
	case Progress:
		return w.ID, w.Seq
	case Outcome:
		return w.ID, w.Seq
	case Settle:
		return w.ID, w.Seq
	case Close:
		return w.ID, w.Seq
	case Select:
		return w.ID, w.Seq
	case Refuse:
		return w.ID, w.Seq
	case Cancel:
		return w.ID, w.Seq
	}
	return event.ID{}, 0
}
