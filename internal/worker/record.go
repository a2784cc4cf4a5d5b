package worker

import (
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Record is what Redis remembers of an event.
type Record struct {
	Event   event.Event
	Seq     int          // of the last entry on the status stream that it contains, from 1; 0: not known
	Slots   []SlotRecord // index 0 is slot 1; always PodCount of them; once Closed the Outcome of each, all zero if it was not kept
	Settled bool
	Closed  bool
	Rebuilt bool     // from its Pods: a worker without one is lost, since it may have run
	Counts  Counts   // of a scale_down: its victims' outcomes so far; of a scale_up only once Closed
	Victims []Victim // of a scale_down that is settled: those it terminates

	AcceptedAt time.Time // ms; zero: not known
	RefusedAt  time.Time // ms; when the API server first refused a Pod of it, while that counts; zero: never
}

// Victim is one slot that a scale_down has selected.
type Victim struct {
	Event event.ID
	Slot  int // 1..
}

// SlotRecord is what is recorded of one slot, its outcome in the end. The zero value: no Pod was created.
type SlotRecord struct {
	Attempt  int       // 1..; 0: no Pod was recorded yet
	State    State     // created, running, retrying or an outcome
	UID      string    // of the attempt's Pod
	Node     string    // where it ran, if it was bound
	Reason   string    // CamelCase
	ExitCode *int      // nil: no container ended
	At       time.Time // when this was recorded, ms
}

// Outcome is what is kept of a slot once its event is closed: how the worker ended.
func (s SlotRecord) Outcome() SlotRecord {
	attempt := s.Attempt
	if s.UID == "" { // it had no Pod, or its last attempt had none
		attempt = 0
	}
	return SlotRecord{Attempt: attempt, State: s.State, Reason: s.Reason, ExitCode: s.ExitCode}
}

// State is the state of a worker on the status stream and in the records.
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
