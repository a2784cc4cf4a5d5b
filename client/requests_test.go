package client

import (
	"encoding/json"
	"errors"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// requestJSON is a request as the conformance cases have it, of all three calls.
type requestJSON struct {
	PodCount       int    `json:"pod_count"`
	TaskID         string `json:"task_id"`
	Queue          string `json:"queue"`
	Priority       string `json:"priority"`
	MaxParallel    int    `json:"max_parallel"`
	StartDeadline  int    `json:"start_deadline_seconds"`
	Deadline       int    `json:"deadline_seconds"`
	Template       string `json:"template"`
	Image          string `json:"image"`
	CPU            string `json:"cpu"`
	Memory         string `json:"memory"`
	Timestamp      time.Time
	IdempotencyKey string `json:"idempotency_key"`
	Traceparent    string
	Tracestate     string
	Baggage        string
	Metadata       map[string]string
	EventID        string `json:"event_id"`
}

func (r *requestJSON) fields(call string) (map[string]string, error) {
	switch call {
	case "scale_down":
		return (&ScaleDownRequest{
			PodCount: r.PodCount, TaskID: r.TaskID, Queue: r.Queue, Timestamp: r.Timestamp, IdempotencyKey: r.IdempotencyKey,
			Traceparent: r.Traceparent, Tracestate: r.Tracestate, Baggage: r.Baggage, Metadata: r.Metadata,
		}).fields()
	case "cancel":
		return (&CancelRequest{
			EventID: r.EventID, TaskID: r.TaskID, Queue: r.Queue, Timestamp: r.Timestamp, IdempotencyKey: r.IdempotencyKey,
			Traceparent: r.Traceparent, Tracestate: r.Tracestate, Baggage: r.Baggage, Metadata: r.Metadata,
		}).fields()
	}
	return (&Request{
		PodCount: r.PodCount, TaskID: r.TaskID, Queue: r.Queue, Priority: r.Priority, MaxParallel: r.MaxParallel,
		StartDeadline: r.StartDeadline, Deadline: r.Deadline, Template: r.Template, Image: r.Image, CPU: r.CPU, Memory: r.Memory,
		Timestamp: r.Timestamp, IdempotencyKey: r.IdempotencyKey, Traceparent: r.Traceparent, Tracestate: r.Tracestate,
		Baggage: r.Baggage, Metadata: r.Metadata,
	}).fields()
}

func TestRequests(t *testing.T) {
	for _, c := range cases[struct {
		Name, Call string
		Request    json.RawMessage
		Fields     map[string]string
		MadeKey    bool `json:"made_key"`
		Error      string
		Untyped    bool
	}](t, "requests.json") {
		if c.Untyped {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			var r requestJSON
			if err := json.Unmarshal(c.Request, &r); err != nil {
				t.Fatal(err)
			}
			got, err := r.fields(c.Call)
			if c.Error != "" {
				if bad, ok := errors.AsType[*RequestError](err); !ok || bad.ReasonCode != c.Error {
					t.Errorf("got %v, %v; want %s", got, err, c.Error)
				}
				return
			}
			if diff := cmp.Diff(c.Fields, got); diff != "" || err != nil || c.MadeKey != (got[fieldKey] == "") {
				t.Errorf("%v; -want +got:\n%s", err, diff)
			}
		})
	}
}

// reply is an error as Redis answers it.
type reply string

func (r reply) Error() string { return string(r) }
func (reply) RedisError()     {}

func TestReplies(t *testing.T) {
	for _, c := range cases[struct{ Name, Reply, Verdict string }](t, "replies.json") {
		if got := again(reply(c.Reply)); got != (c.Verdict == "again") || mayHaveArrived(reply(c.Reply)) {
			t.Errorf("%s: sent again: %t, want %s", c.Name, got, c.Verdict)
		}
	}
	if err := errors.New("connection reset"); !again(err) || !mayHaveArrived(err) {
		t.Error("a connection that broke is no answer")
	}
}

func TestNewKey(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	if a, b := newKey(), newKey(); !form.MatchString(a) || a == b {
		t.Errorf("%s, %s", a, b)
	}
}

func TestExplain(t *testing.T) {
	f, ok := Explain("OTTO401")
	if !ok || f.Message == "" || f.Cause == "" || f.Fix == "" {
		t.Errorf("%+v, %t", f, ok)
	}
	if _, ok := Explain("OTTO000"); ok {
		t.Error("OTTO000 is no code")
	}
	err := error(&RejectedError{SentID: "1-0", ReasonCode: "invalid_type", ErrorCode: "OTTO401", Message: "no type"})
	own, ok := errors.AsType[Error](err)
	if !ok || own.Code() != "OTTO401" || own.Fix() != f.Fix {
		t.Errorf("%v", err)
	}
	for _, err := range []error{&RequestError{}, &UnsentError{}, &UnsentError{MaybeSent: true}, &RecordError{}, ErrExpired, ErrClosed} {
		own, ok := errors.AsType[Error](err)
		if !ok || own.Code() == "" || own.Fix() == "" || err.Error() == "" {
			t.Errorf("%T: %v has no code or fix", err, err)
		}
	}
}
