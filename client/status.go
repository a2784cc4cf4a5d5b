package client

import "time"

// The kinds of a Status. There may be others, of later releases.
const (
	KindAccepted   = "accepted"
	KindDuplicate  = "duplicate"
	KindRejected   = "rejected"
	KindWorker     = "worker"
	KindSettled    = "settled"
	KindWaiting    = "waiting"
	KindScaledDown = "scaled_down"
	KindCancelling = "cancelling"
	KindClosed     = "closed"
	KindPaused     = "paused"
	KindResumed    = "resumed"
)

// The states of a worker. The last four are outcomes: a worker gets exactly one of them. There may be others, of later releases.
const (
	StateCreated   = "created"
	StateRunning   = "running"
	StateRetrying  = "retrying"
	StateSucceeded = "succeeded"
	StateFailed    = "failed"
	StateCancelled = "cancelled"
	StateLost      = "lost"
)

// Status is one entry of the status stream, or what a snapshot says in place of entries that were missed. Its fields are described in
// docs/status-stream.md; what is absent is zero.
type Status struct {
	ID      string // the entry's, a cursor for Follow; empty if FromSnapshot
	Kind    string
	EventID string
	TaskID  string
	Queue   string
	Seq     int64     // from 1, without gaps for one event; 0: of an older release
	At      time.Time // when it was recorded

	Worker    string
	Index     int // from 1
	Attempt   int // from 1; 0: it has no Pod
	State     string
	Reason    string // a word for programs
	Code      string // OTTO and three digits, see Fix
	Message   string // a sentence for people; of a worker that succeeded its termination message
	ExitCode  *int
	Container string
	Pod       string
	Namespace string
	Node      string
	CreatedAt time.Time // of the Pod
	StartedAt time.Time // of the container
	EndedAt   time.Time

	By          string // who paused or resumed a queue
	ByEvent     string // the scale_down or cancel that took the worker
	DuplicateOf string
	Hint        string // a field that only informs was wrong, and ignored
	Asked       int    // of scaled_down: how many workers were requested
	Taken       int    // and how many it takes
	Waiting     int    // of cancelling: how many of its workers have no Pod
	WithPod     int    // and how many have one
	Counts      *Counts

	FromSnapshot bool              // entries were missed, and this is what they led to
	Fields       map[string]string // the entry as it is; nil if FromSnapshot
}

// Counts are numbers of workers by outcome.
type Counts struct{ Succeeded, Failed, Cancelled, Lost int }

// IsOutcome reports whether s is the outcome of a worker.
func (s *Status) IsOutcome() bool { return s.Kind == KindWorker && isOutcome(s.State) }

func isOutcome(state string) bool {
	return state == StateSucceeded || state == StateFailed || state == StateCancelled || state == StateLost
}

// decodeStatus never fails: a number or a time that cannot be read is treated as absent, and what is unknown is left in Fields.
func decodeStatus(id string, f map[string]string) Status {
	s := Status{
		ID: id, Kind: f["kind"], EventID: f["event_id"], TaskID: f["task_id"], Queue: f["queue"], Worker: f["worker"],
		State: f["state"], Reason: f["reason"], Code: f["code"], Message: f["message"], Container: f["container"], Pod: f["pod"],
		Namespace: f["namespace"], Node: f["node"], By: f["by"], ByEvent: f["by_event"], DuplicateOf: f["duplicate_of"],
		Hint: f["hint"], Counts: decodeCounts(f), Fields: f,
	}
	if n, ok := number(f["seq"], maxNumber); ok {
		s.Seq = n
	}
	s.At, _ = rfc3339(f["at"])
	s.CreatedAt, _ = rfc3339(f["created_at"])
	s.StartedAt, _ = rfc3339(f["started_at"])
	s.EndedAt, _ = rfc3339(f["ended_at"])
	for name, to := range map[string]*int{
		"index": &s.Index, "attempt": &s.Attempt, "n_asked": &s.Asked, "n_taken": &s.Taken, "n_waiting": &s.Waiting, "n_with_pod": &s.WithPod,
	} {
		if n, ok := number(f[name], maxNumber); ok {
			*to = int(n)
		}
	}
	if code, ok := exitCode(f["exit_code"]); ok {
		s.ExitCode = &code
	}
	return s
}

// counts are the fields of c by their names in status entries and records.
func (c *Counts) fields() map[string]*int {
	return map[string]*int{"n_succeeded": &c.Succeeded, "n_failed": &c.Failed, "n_cancelled": &c.Cancelled, "n_lost": &c.Lost}
}

// decodeCounts is nil where there is not one that can be read.
func decodeCounts(f map[string]string) *Counts {
	var c Counts
	some := false
	for name, to := range c.fields() {
		if n, ok := number(f[name], maxNumber); ok {
			*to, some = int(n), true
		}
	}
	if !some {
		return nil
	}
	return &c
}
