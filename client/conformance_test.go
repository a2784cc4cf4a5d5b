package client

import (
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// cases reads a file of api/conformance.
func cases[T any](t *testing.T, name string) []T {
	t.Helper()
	data, err := os.ReadFile("../api/conformance/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal(name, "has no cases")
	}
	return all
}

// plain are values as JSON has them.
type plain = map[string]any

// tidy leaves absent values out, and writes numbers as JSON reads them.
func tidy(m plain) plain {
	for name, value := range m {
		switch v := value.(type) {
		case string:
			if v == "" {
				delete(m, name)
			}
		case int:
			m[name] = float64(v)
			if v == 0 {
				delete(m, name)
			}
		case int64:
			m[name] = float64(v)
			if v == 0 {
				delete(m, name)
			}
		case *int:
			if delete(m, name); v != nil {
				m[name] = float64(*v)
			}
		case time.Time:
			if delete(m, name); !v.IsZero() {
				m[name] = stamp(v)
			}
		case bool:
			if !v {
				delete(m, name)
			}
		case *Counts:
			if delete(m, name); v != nil {
				m[name] = plainCounts(*v)
			}
		case []any:
			if len(v) == 0 {
				delete(m, name)
			}
		}
	}
	return m
}

func plainCounts(c Counts) plain {
	return plain{
		"succeeded": float64(c.Succeeded), "failed": float64(c.Failed), "cancelled": float64(c.Cancelled), "lost": float64(c.Lost),
	}
}

func plainStatus(s *Status) plain {
	m := tidy(plain{
		"id": s.ID, "kind": s.Kind, "event_id": s.EventID, "task_id": s.TaskID, "queue": s.Queue, "seq": s.Seq, "at": s.At,
		"worker": s.Worker, "index": s.Index, "attempt": s.Attempt, "state": s.State, "reason": s.Reason, "code": s.Code,
		"message": s.Message, "exit_code": s.ExitCode, "container": s.Container, "pod": s.Pod, "namespace": s.Namespace, "node": s.Node,
		"created_at": s.CreatedAt, "started_at": s.StartedAt, "ended_at": s.EndedAt, "by": s.By, "by_event": s.ByEvent,
		"duplicate_of": s.DuplicateOf, "hint": s.Hint, "n_asked": s.Asked, "n_taken": s.Taken, "n_waiting": s.Waiting,
		"n_with_pod": s.WithPod, "counts": s.Counts, "from_snapshot": s.FromSnapshot,
	})
	// Go has no absent number: a zero that was sent is told from none by the entry.
	for _, name := range []string{"attempt", "n_asked", "n_taken", "n_waiting", "n_with_pod"} {
		if s.Fields[name] == "0" || (s.FromSnapshot && s.Kind == KindWorker && s.Attempt == 0 && name == "attempt") {
			m[name] = 0.0
		}
	}
	return m
}

func plainSnapshot(s *Snapshot) plain {
	workers, victims := []any{}, []any{}
	for _, w := range s.Workers {
		m := tidy(plain{
			"index": w.Index, "attempt": w.Attempt, "state": w.State, "reason": w.Reason, "exit_code": w.ExitCode, "uid": w.UID,
			"node": w.Node, "at": w.At,
		})
		m["attempt"] = float64(w.Attempt)
		workers = append(workers, m)
	}
	for _, v := range s.Victims {
		victims = append(victims, plain{"event_id": v.EventID, "index": float64(v.Index)})
	}
	m := tidy(plain{
		"event_id": s.EventID, "type": s.Type, "pod_count": s.PodCount, "task_id": s.TaskID, "queue": s.Queue, "priority": s.Priority,
		"max_parallel": s.MaxParallel, "start_deadline_seconds": s.StartDeadline, "deadline_seconds": s.Deadline,
		"template": s.Template, "image": s.Image, "cpu": s.CPU, "memory": s.Memory, "timestamp": s.Timestamp,
		"idempotency_key": s.IdempotencyKey, "traceparent": s.Traceparent, "tracestate": s.Tracestate, "baggage": s.Baggage, "target": s.Target,
		"hash": s.Hash, "seq": s.Seq, "accepted_at": s.AcceptedAt, "settled_at": s.SettledAt, "closed_at": s.ClosedAt,
		"counts": s.Counts, "workers": workers, "victims": victims,
	})
	if s.Metadata != nil {
		metadata := plain{}
		for name, value := range s.Metadata {
			metadata[name] = value
		}
		m["metadata"] = metadata
	}
	return m
}

func plainResult(r *Result) plain {
	workers := []any{}
	for _, w := range r.Workers {
		m := tidy(plain{
			"index": w.Index, "state": w.State, "reason": w.Reason, "exit_code": w.ExitCode, "message": w.Message,
			"container": w.Container, "pod": w.Pod, "node": w.Node, "started_at": w.StartedAt, "ended_at": w.EndedAt,
		})
		m["attempt"] = float64(w.Attempt)
		workers = append(workers, m)
	}
	m := tidy(plain{"event_id": r.EventID, "task_id": r.TaskID})
	m["ok"], m["counts"], m["workers"] = r.OK, plainCounts(r.Counts), workers
	return m
}

func plainError(err error) plain {
	own, _ := errors.AsType[Error](err)
	m := plain{"word": own.Code()}
	if rejected, ok := errors.AsType[*RejectedError](err); ok {
		m = tidy(plain{"reason_code": rejected.ReasonCode, "code": rejected.ErrorCode, "message": rejected.Message})
		m["word"] = "rejected"
	}
	return m
}

func TestKeyNames(t *testing.T) {
	for _, c := range cases[struct{ Name, Stream, Status, Dead, Mark, Event, Key string }](t, "keys.json") {
		k := newKeys(c.Stream)
		got := []string{k.stream, k.status(), k.dead(), k.mark(), k.event("1756659802903-0"), k.idempotency("k 1")}
		if diff := cmp.Diff([]string{c.Stream, c.Status, c.Dead, c.Mark, c.Event, c.Key}, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.Name, diff)
		}
	}
}

func TestStatuses(t *testing.T) {
	for _, c := range cases[struct {
		Name, ID string
		Fields   map[string]string
		Status   plain
		Outcome  bool
	}](t, "status.json") {
		t.Run(c.Name, func(t *testing.T) {
			got := decodeStatus(c.ID, c.Fields)
			if diff := cmp.Diff(c.Status, plainStatus(&got)); diff != "" || got.IsOutcome() != c.Outcome {
				t.Errorf("outcome %t, want %t; -want +got:\n%s", got.IsOutcome(), c.Outcome, diff)
			}
		})
	}
}

func TestSnapshots(t *testing.T) {
	for _, c := range cases[struct {
		Name     string
		EventID  string `json:"event_id"`
		Fields   map[string]string
		Snapshot plain
		Error    bool
	}](t, "snapshots.json") {
		t.Run(c.Name, func(t *testing.T) {
			got, err := decodeSnapshot(c.EventID, c.Fields)
			if c.Error {
				if _, ok := errors.AsType[*RecordError](err); !ok {
					t.Errorf("got %+v, %v", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.Snapshot, plainSnapshot(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
