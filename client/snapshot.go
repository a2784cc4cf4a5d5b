package client

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Snapshot is the state of an event as Redis has it.
type Snapshot struct {
	EventID        string
	Type           string // scale_up, scale_down or cancel
	PodCount       int
	TaskID         string
	Queue          string
	Priority       string
	MaxParallel    int
	StartDeadline  int // seconds
	Deadline       int // seconds
	Template       string
	Image          string
	CPU            string
	Memory         string
	Timestamp      time.Time // as sent
	IdempotencyKey string
	Traceparent    string
	Tracestate     string
	Baggage        string
	Target         string // of a cancel: the event to cancel
	Metadata       map[string]string
	Hash           string // of the content

	Seq        int64 // of the last status entry that is contained; 0: of an older release
	AcceptedAt time.Time
	SettledAt  time.Time // zero: not yet
	ClosedAt   time.Time // zero: not yet
	Counts     *Counts   // of a closed event, and of a scale_down
	// Workers are in the order of their index: of an open event those that have, or had, a Pod; of a closed one all, or none if an
	// older release closed it.
	Workers []WorkerSnapshot
	Victims []Victim // of an open scale_down: the workers it took
}

// WorkerSnapshot is the state of one worker.
type WorkerSnapshot struct {
	Index    int
	Attempt  int // 0: it never had a Pod
	State    string
	Reason   string
	ExitCode *int
	UID      string // of its Pod
	Node     string
	At       time.Time
}

// Victim is a worker that a scale_down took.
type Victim struct {
	EventID string
	Index   int
}

const maxSlots = 100_000 // bounds what a hostile record makes us allocate

// decodeSnapshot is strict in what it understands and silent about what it does not know.
func decodeSnapshot(id string, f map[string]string) (*Snapshot, error) {
	d := snapshotDecoder{fields: f, s: &Snapshot{EventID: id, Queue: "default"}}
	d.request()
	d.progress()
	d.later()
	switch {
	case d.err != nil:
	case d.s.Type == typeScaleUp && d.s.ClosedAt.IsZero():
		d.slots()
	case d.s.Type == typeScaleUp:
		d.outcomes()
	case d.s.Type == typeScaleDown:
		d.victims()
	}
	if d.err != nil {
		return nil, d.err
	}
	return d.s, nil
}

type snapshotDecoder struct {
	fields map[string]string
	s      *Snapshot
	err    error
}

// check keeps the first problem.
func (d *snapshotDecoder) check(ok bool, field, format string, args ...any) {
	if !ok && d.err == nil {
		d.err = &RecordError{EventID: d.s.EventID, Field: field, Problem: fmt.Sprintf(format, args...)}
	}
}

// number is one from low to limit; 0 where there is no such field.
func (d *snapshotDecoder) number(field string, low, limit int64) int64 {
	value, ok := d.fields[field]
	if !ok {
		return 0
	}
	n, ok := number(value, limit)
	d.check(ok && n >= low, field, "%.64q is not a number from %d to %d", value, low, limit)
	return n
}

func (d *snapshotDecoder) time(field string) time.Time {
	value, ok := d.fields[field]
	if !ok {
		return time.Time{}
	}
	t, ok := rfc3339(value)
	d.check(ok, field, "%.64q is not a time", value)
	return t
}

// request decodes the fields of the first version, which have their own names.
func (d *snapshotDecoder) request() {
	f, s := d.fields, d.s
	s.Type = f["type"]
	d.check(s.Type == typeScaleUp || s.Type == typeScaleDown || s.Type == typeCancel, "type", "%.64q is not a type", s.Type)
	if s.Type != typeCancel {
		s.PodCount = int(d.number("pod_count", 1, maxSlots))
		d.check(s.PodCount > 0, "pod_count", "is missing")
	}
	s.TaskID, s.Template, s.IdempotencyKey = f["task_id"], f["template"], f[fieldKey]
	s.Traceparent, s.Tracestate, s.Baggage, s.Hash = f["traceparent"], f["tracestate"], f["baggage"], f["hash"]
	s.Timestamp = timestamp(f["timestamp"])
	if n, ok := number(f["deadline_seconds"], maxNumber); ok {
		s.Deadline = int(n)
	}
}

func (d *snapshotDecoder) progress() {
	s := d.s
	s.Seq = d.number("seq", 1, maxNumber)
	s.AcceptedAt, s.SettledAt, s.ClosedAt = d.time("accepted_at"), d.time("settled"), d.time("closed")
	var c Counts
	some := false
	for name, to := range c.fields() {
		_, has := d.fields[name]
		*to, some = int(d.number(name, 0, maxSlots)), some || has
	}
	if some {
		s.Counts = &c
	}
}

const metaPrefix = "m:"

// later decodes the fields that came after the first version, and metadata. What breaks the rule of a later field was metadata when it
// was sent.
func (d *snapshotDecoder) later() {
	s := d.s
	texts := map[string]*string{"queue": &s.Queue, "priority": &s.Priority, "image": &s.Image, "cpu": &s.CPU, "memory": &s.Memory}
	numbers := map[string]*int{"max_parallel": &s.MaxParallel, "start_deadline_seconds": &s.StartDeadline}
	for field, value := range d.fields {
		name, ok := strings.CutPrefix(field, metaPrefix)
		if !ok {
			continue
		}
		if to := texts[name]; to != nil {
			*to = value
			continue
		}
		if to := numbers[name]; to != nil {
			if n, ok := number(value, maxNumber); ok && n > 0 {
				*to = int(n)
				continue
			}
		}
		if name == "event_id" && s.Type == typeCancel {
			_, isID := parseID(value)
			d.check(isID, field, "%.64q is not the ID of an entry", value)
			s.Target = value
			continue
		}
		if s.Metadata == nil {
			s.Metadata = make(map[string]string)
		}
		s.Metadata[name] = value
	}
}

// victims decodes `<event ID>/<slot>` separated by spaces.
func (d *snapshotDecoder) victims() {
	value := d.fields["victims"]
	if value == "" {
		return
	}
	n := strings.Count(value, " ") + 1
	d.check(n <= d.s.PodCount, "victims", "%d victims, %d were asked for", n, d.s.PodCount)
	for part := range strings.SplitSeq(value, " ") {
		if d.err != nil {
			return
		}
		of, slot, _ := strings.Cut(part, "/")
		_, isID := parseID(of)
		index, isSlot := number(slot, maxSlots)
		d.check(isID && isSlot && index > 0, "victims", "%.64q is not <event ID>/<slot>", part)
		d.s.Victims = append(d.s.Victims, Victim{of, int(index)})
	}
}

// slots decodes the workers of an open scale_up.
func (d *snapshotDecoder) slots() {
	for field, value := range d.fields {
		digits, ok := strings.CutPrefix(field, "s")
		index, isSlot := number(digits, maxNumber)
		if !ok || !isSlot || index == 0 {
			continue
		}
		d.check(index <= int64(d.s.PodCount), field, "pod_count is %d", d.s.PodCount)
		w, problem := decodeSlot(value)
		d.check(problem == "", field, "%s", problem)
		w.Index = int(index)
		d.s.Workers = append(d.s.Workers, w)
	}
	slices.SortFunc(d.s.Workers, func(a, b WorkerSnapshot) int { return a.Index - b.Index })
}
