package records

import (
	"fmt"
	"strconv"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	maxMessage   = 1 << 10
	maxCode      = 64
	maxContainer = 63
	onlyEntry    = 1 // the number of the only entry about an entry that is no event
)

// status builds the fields of one entry of the status stream. Empty ones are left out.
type status []any

// newStatus begins an entry about an event; seq 0: it is not numbered.
func newStatus(kind string, id event.ID, seq int, taskID string) status {
	s := status{"kind", kind, "event_id", id.String()}
	if seq > 0 {
		s = append(s, "seq", seq)
	}
	return s.add("task_id", taskID)
}

func (s status) add(name, value string) status {
	if value == "" {
		return s
	}
	return append(s, name, value)
}

func (s status) addID(name string, id event.ID) status {
	if id.IsZero() {
		return s
	}
	return append(s, name, id.String())
}

func (s status) addTime(name string, t time.Time) status {
	if t.IsZero() {
		return s
	}
	return append(s, name, stamp(t))
}

func (s status) at(t time.Time) []any { return append(s, "at", stamp(t)) }

func duplicateStatus(d worker.Duplicate) []any {
	message, seq := "accepted before; its record is gone", 0 // and its numbers with it
	if !d.Of.IsZero() {
		message, seq = "the same as event "+d.Of.String(), onlyEntry
	}
	return newStatus("duplicate", d.ID, seq, d.TaskID).addID("duplicate_of", d.Of).add("message", message).at(d.At)
}

func rejectedStatus(r worker.Reject) []any {
	return newStatus("rejected", r.ID, onlyEntry, r.TaskID).
		add("reason", text.Clip(r.Code, maxCode)).add("code", string(event.ErrCode(r.Code))).
		add("message", text.Clip(r.Reason, maxMessage)).at(r.At)
}

func workerStatus(r worker.Report, namespace string) []any {
	s := newStatus("worker", r.ID, r.Seq, r.TaskID).
		add("queue", r.Queue).add("worker", r.Worker).add("index", strconv.Itoa(r.Slot)).add("attempt", strconv.Itoa(r.Attempt)).
		add("state", string(r.State)).add("reason", text.Clip(r.Reason, maxReason))
	if r.Reason != "" && r.State != worker.StateSucceeded {
		reason, _ := worker.ReasonOf(r.Reason)
		s = s.add("code", string(reason.Code))
	}
	s = s.add("message", text.Clip(r.Message, messageLimit(r.State)))
	if r.ExitCode != nil {
		s = s.add("exit_code", strconv.Itoa(*r.ExitCode))
	}
	s = s.add("container", text.Clip(r.Container, maxContainer))
	if r.Pod != "" {
		s = s.add("pod", r.Pod).add("namespace", namespace)
	}
	s = s.add("node", text.Clip(r.Node, maxNode)).addID("by_event", r.SelectedBy)
	return s.addTime("created_at", r.CreatedAt).addTime("started_at", r.StartedAt).addTime("ended_at", r.EndedAt).at(r.At)
}

// messageLimit leaves room for all that a worker may say as its result.
func messageLimit(s worker.State) int {
	if s == worker.StateSucceeded {
		return worker.MaxResult
	}
	return maxMessage
}

func scaledDownStatus(c worker.Select) []any {
	verb := "are"
	if len(c.Victims) == 1 {
		verb = "is"
	}
	message := fmt.Sprintf("%d of %d workers %s taken away", len(c.Victims), c.Asked, verb)
	return append(newStatus("scaled_down", c.ID, c.Seq, c.TaskID).add("queue", c.Queue), "n_asked", c.Asked, "n_taken", len(c.Victims)).
		add("message", message).at(c.At)
}

func cancellingStatus(c worker.Cancel) []any {
	message := fmt.Sprintf("%d workers waited, %d have a Pod", c.Waiting, c.WithPod)
	return append(newStatus("cancelling", c.ID, c.Seq, c.TaskID).add("queue", c.Queue), "n_waiting", c.Waiting, "n_with_pod", c.WithPod).
		add("message", message).at(c.At)
}

func closedStatus(c worker.Close) []any {
	return append(newStatus("closed", c.ID, c.Seq, c.TaskID).add("queue", c.Queue), counts(c.Counts)...).at(c.At)
}

// counts have the same fields in records and in the status stream; a zero is written too.
func counts(c worker.Counts) status {
	return status{"n_succeeded", c.Succeeded, "n_failed", c.Failed, "n_cancelled", c.Cancelled, "n_lost", c.Lost}
}
