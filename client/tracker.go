package client

import (
	"slices"
	"time"
)

// Result is what became of an event.
type Result struct {
	EventID string
	TaskID  string
	OK      bool // nothing failed, was cancelled or lost; of a scale_down or cancel: it is done
	Counts  Counts
	Workers []WorkerResult // in the order of Index; of a scale_down or cancel none
}

// WorkerResult is the outcome of one worker. After a gap, parts that only the missed entries had are zero.
type WorkerResult struct {
	Index     int
	Attempt   int // 0: it never had a Pod
	State     string
	Reason    string
	ExitCode  *int
	Message   string
	Container string
	Pod       string
	Node      string
	StartedAt time.Time
	EndedAt   time.Time
}

// tracker is what a run knows of its event. It is pure: entries and snapshots in, statuses to yield out.
type tracker struct {
	sentID    string
	eventID   string // another one after a duplicate
	kind      string // the event's type; empty: not known yet
	duplicate bool

	seq      int64 // the last one that is applied
	accepted bool
	settled  bool
	taskID   string
	workers  map[int]*WorkerResult

	result *Result
	err    error // *RejectedError, *RecordError or ErrExpired
}

func newTracker(id, kind string) *tracker {
	return &tracker{sentID: id, eventID: id, kind: kind, workers: make(map[int]*WorkerResult)}
}

func (t *tracker) ended() bool { return t.result != nil || t.err != nil }

// isGap reports whether entries before s were missed.
func (t *tracker) isGap(s *Status) bool {
	return !t.ended() && s.EventID == t.eventID && (s.Seq > t.seq+1 || t.lacksOutcomes(s))
}

// lacksOutcomes reports whether s closes a scale_up of which outcomes are not known: Redis lost writes, and numbers that were read
// before came again.
func (t *tracker) lacksOutcomes(s *Status) bool {
	if s.Kind != KindClosed || s.Counts == nil || t.kind == typeScaleDown || t.kind == typeCancel {
		return false
	}
	known := 0
	for _, w := range t.workers {
		if isOutcome(w.State) {
			known++
		}
	}
	return known < s.Counts.Succeeded+s.Counts.Failed+s.Counts.Cancelled+s.Counts.Lost
}

// entry applies a status entry; not ok: it is of another event, or known already.
func (t *tracker) entry(s *Status) (ok bool) {
	known := s.Seq > 0 && s.Seq <= t.seq && s.Kind != KindClosed // which is the last one, whatever its number
	if t.ended() || s.EventID != t.eventID || known {
		return false
	}
	t.seq = max(t.seq, s.Seq)
	switch s.Kind {
	case KindRejected:
		t.err = &RejectedError{SentID: s.EventID, ReasonCode: s.Reason, ErrorCode: s.Code, Message: s.Message}
		return false
	case KindDuplicate:
		t.redirect(s.DuplicateOf)
		return true
	}
	t.apply(s)
	return true
}

// redirect makes the run that of the original; the empty ID: nobody knows it any more.
func (t *tracker) redirect(original string) {
	t.duplicate = true
	if original == "" {
		t.err = ErrExpired
		return
	}
	*t = tracker{sentID: t.sentID, eventID: original, kind: t.kind, duplicate: true, workers: make(map[int]*WorkerResult)}
}

// apply notes what a status says, whether it was read or made from a snapshot.
func (t *tracker) apply(s *Status) {
	t.taskID = cmpOr(s.TaskID, t.taskID)
	t.accepted = true
	switch s.Kind {
	case KindWorker:
		t.worker(s)
	case KindSettled:
		t.settled = true
	case KindScaledDown:
		t.settled, t.kind = true, typeScaleDown
	case KindCancelling:
		t.settled, t.kind = true, typeCancel
	case KindClosed:
		t.close(s)
	}
}

func (t *tracker) worker(s *Status) {
	w := t.workers[s.Index]
	if w == nil || w.Attempt != s.Attempt {
		w = &WorkerResult{Index: s.Index, Attempt: s.Attempt}
		t.workers[s.Index] = w
	}
	w.State, w.Reason, w.ExitCode, w.Message = s.State, s.Reason, s.ExitCode, s.Message
	w.Container, w.Pod, w.Node = cmpOr(s.Container, w.Container), cmpOr(s.Pod, w.Pod), cmpOr(s.Node, w.Node)
	w.StartedAt, w.EndedAt = cmpOr(s.StartedAt, w.StartedAt), cmpOr(s.EndedAt, w.EndedAt)
}

func cmpOr[T comparable](value, old T) T {
	var zero T
	if value == zero {
		return old
	}
	return value
}

func (t *tracker) close(s *Status) {
	r := &Result{EventID: t.eventID, TaskID: t.taskID, OK: true}
	if s.Counts != nil {
		r.Counts = *s.Counts
	}
	if t.kind == typeScaleDown || t.kind == typeCancel {
		t.result = r
		return
	}
	r.OK = r.Counts.Failed == 0 && r.Counts.Cancelled == 0 && r.Counts.Lost == 0
	for _, w := range t.workers {
		if isOutcome(w.State) {
			r.Workers = append(r.Workers, *w)
		}
	}
	slices.SortFunc(r.Workers, func(a, b WorkerResult) int { return a.Index - b.Index })
	t.result = r
}

// snapshot applies the state of the event, and returns what is new in it as statuses. One that is older than what is known
// already, as after a failover, changes nothing.
func (t *tracker) snapshot(s *Snapshot) []Status {
	if t.ended() || (s.Seq > 0 && s.Seq < t.seq && s.ClosedAt.IsZero()) {
		return nil
	}
	t.kind = s.Type
	var news []Status
	add := func(n *Status) {
		n.EventID, n.TaskID, n.Queue, n.FromSnapshot = s.EventID, s.TaskID, s.Queue, true
		t.apply(n)
		news = append(news, *n)
	}
	if !t.accepted {
		add(&Status{Kind: KindAccepted, At: s.AcceptedAt})
	}
	for i := range s.Workers {
		if w := &s.Workers[i]; t.differs(w) {
			add(&Status{
				Kind: KindWorker, Index: w.Index, Attempt: w.Attempt, State: w.State, Reason: w.Reason, ExitCode: w.ExitCode,
				Node: w.Node, At: w.At,
			})
		}
	}
	if !t.settled && !s.SettledAt.IsZero() {
		add(&Status{Kind: settledKinds[s.Type], At: s.SettledAt})
	}
	if !s.ClosedAt.IsZero() {
		add(&Status{Kind: KindClosed, At: s.ClosedAt, Counts: s.Counts})
	}
	t.seq = max(t.seq, s.Seq)
	return news
}

// settledKinds say of each type that its entry is acknowledged.
var settledKinds = map[string]string{typeScaleUp: KindSettled, typeScaleDown: KindScaledDown, typeCancel: KindCancelling}

// differs: an outcome is final.
func (t *tracker) differs(w *WorkerSnapshot) bool {
	known := t.workers[w.Index]
	return known == nil || (!isOutcome(known.State) && (known.Attempt != w.Attempt || known.State != w.State))
}
