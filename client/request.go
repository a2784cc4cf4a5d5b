package client

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Request asks for workers. Only PodCount is required; what is zero is not sent.
type Request struct {
	PodCount       int
	TaskID         string // your name for the work, at most 128 bytes
	Queue          string // whose work it is; default: "default"
	Priority       string // a priority class of the operator
	MaxParallel    int    // how many of the workers may have a Pod at once
	StartDeadline  int    // how long a worker may wait for a Pod, in seconds
	Deadline       int    // how long a worker may run, in seconds
	Template       string // one of the operator's Pod templates
	Image          string // of the worker's first container, if the operator allows it
	CPU            string // such as 500m
	Memory         string // such as 2Gi
	Timestamp      time.Time
	IdempotencyKey string // the same key and content again starts nothing; default: a new one
	Traceparent    string // W3C trace context
	Tracestate     string
	Baggage        string            // W3C baggage
	Metadata       map[string]string // for the workers, in OTTO_META_<NAME>
}

// ScaleDownRequest asks for workers to be taken away.
type ScaleDownRequest struct {
	PodCount       int
	TaskID         string // only workers of this task
	Queue          string // only workers of this queue; default: "default"
	Timestamp      time.Time
	IdempotencyKey string
	Traceparent    string
	Tracestate     string
	Baggage        string
	Metadata       map[string]string
}

// CancelRequest cancels what has not ended: one event, or all events of a task in a queue.
type CancelRequest struct {
	EventID        string
	TaskID         string
	Queue          string // of a TaskID; default: "default"
	Timestamp      time.Time
	IdempotencyKey string
	Traceparent    string
	Tracestate     string
	Baggage        string
	Metadata       map[string]string
}

const (
	typeScaleUp   = "scale_up"
	typeScaleDown = "scale_down"
	typeCancel    = "cancel"
)

// The forms of fields, as in api/stream-entry.schema.json. \z: a line break at the end is no part of a name.
var (
	queueForm  = regexp.MustCompile(`^[A-Za-z0-9._/-]{1,63}\z`)
	classForm  = regexp.MustCompile(`^[A-Za-z0-9._-]{1,63}\z`)
	cpuForm    = regexp.MustCompile(`^([0-9]{1,9}(\.[0-9]{1,3})?|[0-9]{1,12}m)\z`)
	memoryForm = regexp.MustCompile(`^[0-9]{1,15}(\.[0-9]{1,3})?(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?\z`)
	imageForm  = regexp.MustCompile(`^([A-Za-z0-9][-A-Za-z0-9.]*(:[0-9]{1,5})?/)?[a-z0-9]+([-._]+[a-z0-9]+)*` +
		`(/[a-z0-9]+([-._]+[a-z0-9]+)*)*(:[A-Za-z0-9_][-A-Za-z0-9_.]{0,127})?(@sha256:[0-9a-f]{64})?\z`)
)

const (
	maxLine  = 128 // of a task_id and an idempotency key, in bytes
	maxImage = 512
)

// fields are what is sent, without an idempotency key if the request has none.
func (r *Request) fields() (map[string]string, error) {
	e := newEntry(typeScaleUp)
	e.count("pod_count", "invalid_pod_count", r.PodCount, true)
	e.line("task_id", "invalid_task_id", r.TaskID)
	e.formed("queue", "invalid_queue", r.Queue, queueForm, "1 to 63 ASCII letters, digits, `.`, `_`, `/` and `-`")
	e.formed("priority", "invalid_priority", r.Priority, classForm, "the name of a priority class")
	e.count("max_parallel", "invalid_max_parallel", r.MaxParallel, false)
	e.count("start_deadline_seconds", "invalid_start_deadline", r.StartDeadline, false)
	e.count("deadline_seconds", "invalid_deadline", r.Deadline, false)
	e.text("template", r.Template)
	e.formed("image", "override_not_allowed", r.Image, imageForm, "an image reference")
	e.check(len(r.Image) <= maxImage, "override_not_allowed", "image has %d bytes: at most %d", len(r.Image), maxImage)
	e.formed("cpu", "override_not_allowed", r.CPU, cpuForm, "a quantity such as 500m or 2")
	e.formed("memory", "override_not_allowed", r.Memory, memoryForm, "a quantity such as 512Mi or 2Gi")
	e.common(r.Timestamp, r.IdempotencyKey, r.Traceparent, r.Tracestate, r.Baggage)
	return e.finish(r.Metadata)
}

func (r *ScaleDownRequest) fields() (map[string]string, error) {
	e := newEntry(typeScaleDown)
	e.count("pod_count", "invalid_pod_count", r.PodCount, true)
	e.line("task_id", "invalid_task_id", r.TaskID)
	e.formed("queue", "invalid_queue", r.Queue, queueForm, "1 to 63 ASCII letters, digits, `.`, `_`, `/` and `-`")
	e.common(r.Timestamp, r.IdempotencyKey, r.Traceparent, r.Tracestate, r.Baggage)
	return e.finish(r.Metadata)
}

func (r *CancelRequest) fields() (map[string]string, error) {
	e := newEntry(typeCancel)
	e.check((r.EventID == "") != (r.TaskID == ""), codeCancel, "a cancel takes exactly one of EventID and TaskID")
	e.check(r.EventID == "" || r.Queue == "", codeCancel, "a cancel of an event takes no Queue: the event has its own")
	_, isID := parseID(r.EventID)
	e.check(r.EventID == "" || isID, codeCancel, "event_id is %q: want the ID of an entry", r.EventID)
	e.text("event_id", r.EventID)
	e.line("task_id", "invalid_task_id", r.TaskID)
	e.formed("queue", "invalid_queue", r.Queue, queueForm, "1 to 63 ASCII letters, digits, `.`, `_`, `/` and `-`")
	e.common(r.Timestamp, r.IdempotencyKey, r.Traceparent, r.Tracestate, r.Baggage)
	return e.finish(r.Metadata)
}

const codeCancel = "invalid_cancel"

// common are the fields that every type has.
func (e *entry) common(at time.Time, key, traceparent, tracestate, baggage string) {
	if !at.IsZero() {
		e.fields["timestamp"] = stamp(at)
		e.check(at.UTC().Year() >= 0 && at.UTC().Year() <= 9999, "invalid_timestamp", "timestamp is past the year 9999")
	}
	e.line(fieldKey, "invalid_idempotency_key", key)
	e.text("traceparent", traceparent)
	e.text("tracestate", tracestate)
	e.text("baggage", baggage)
}

// count is a number that must be 1 or more; 0 is not given unless it is required.
func (e *entry) count(name, code string, n int, required bool) {
	if n == 0 && !required {
		return
	}
	e.check(n >= 1, code, "%s is %d: want 1 or more", name, n)
	e.fields[name] = strconv.Itoa(n)
}

func (e *entry) formed(name, code, value string, form *regexp.Regexp, want string) {
	e.check(value == "" || form.MatchString(value), code, "%s is %q: want %s", name, value, want)
	e.text(name, value)
}

func (e *entry) text(name, value string) {
	if value != "" {
		e.fields[name] = value
	}
}

// check keeps the first problem.
func (e *entry) check(ok bool, code, format string, args ...any) {
	if !ok && e.err == nil {
		e.err = &RequestError{ReasonCode: code, Problem: fmt.Sprintf(format, args...)}
	}
}
