package cli

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// fakeCanceller is a Redis with these records and entries.
type fakeCanceller struct {
	fakeStatus

	records []worker.Record
	entry   *inspect.Entry
	sent    []map[string]string
	err     error // of Add
}

func (f *fakeCanceller) Add(_ context.Context, fields map[string]string) (event.ID, error) {
	f.sent = append(f.sent, fields)
	return event.ID{Ms: 99}, f.err
}

func (f *fakeCanceller) Find(_ context.Context, id event.ID) (*worker.Record, error) {
	for i := range f.records {
		if f.records[i].Event.EventID == id {
			return &f.records[i], nil
		}
	}
	return nil, nil
}

func (f *fakeCanceller) Open(context.Context) ([]worker.Record, error) { return f.records, nil }

func (f *fakeCanceller) Entry(context.Context, event.ID) (*inspect.Entry, error) { return f.entry, nil }

// taskRecord is an open scale_up of a task in a queue, with a worker that waits and one that runs.
func taskRecord(ms uint64, task, queue string) worker.Record {
	return worker.Record{
		Event: event.Event{
			EventID: event.ID{Ms: ms}, Type: event.ScaleUp, PodCount: 2, Queue: queue, Metadata: map[string]string{"task_id": task},
		},
		Slots: []worker.SlotRecord{{}, {State: worker.StateRunning, Attempt: 1}},
	}
}

func cancelRecords() []worker.Record {
	closed := taskRecord(3, "t", "default")
	closed.Closed = true
	return []worker.Record{
		taskRecord(1, "t", ""), taskRecord(2, "t", "default"), closed, taskRecord(4, "t", "web"), taskRecord(5, "u", "default"),
		{Event: event.Event{EventID: event.ID{Ms: 6}, Type: event.ScaleDown, PodCount: 1, Metadata: map[string]string{"task_id": "t"}}},
	}
}

type cancelCase struct {
	request cancelRequest
	args    []string
	entry   *inspect.Entry
	code    int
	want    map[string]string // sent; nil: nothing
	says    string
}

var cancelCases = map[string]cancelCase{
	"event": {
		cancelRequest{},
		[]string{"4-0"},
		nil, 0,
		map[string]string{"type": "cancel", "event_id": "4-0"},
		"Cancelling event 4-0 (open events: 1): workers without a Pod, cancelled at once: 1; with a Pod, stopped gracefully: 1.",
	},
	"task": {
		cancelRequest{task: "u"},
		nil, nil, 0,
		map[string]string{"type": "cancel", "task_id": "u"},
		`Cancelling task "u" in queue default (open events: 1): workers without a Pod, cancelled at once: 1; with a Pod`,
	},
	"task in a queue": {
		cancelRequest{task: "t", queue: "web"},
		nil, nil, 0,
		map[string]string{"type": "cancel", "task_id": "t", "queue": "web"},
		`task "t" in queue web (open events: 1)`,
	},
	"unknown task": {
		cancelRequest{task: "x"},
		nil, nil, 0,
		map[string]string{"type": "cancel", "task_id": "x"},
		`task "x" in queue default: no event of it is open`,
	},
	"not accepted yet":  {cancelRequest{}, []string{"9-0"}, &inspect.Entry{}, 0, map[string]string{"type": "cancel", "event_id": "9-0"}, "not accepted yet"},
	"closed":            {cancelRequest{}, []string{"3-0"}, nil, 0, nil, "Nothing to cancel: event 3-0 is closed."},
	"unknown event":     {cancelRequest{}, []string{"9-0"}, nil, exitUsage, nil, "ottoscaler explain 9-0"},
	"scale_down":        {cancelRequest{}, []string{"6-0"}, nil, exitUsage, nil, "event 6-0 is a scale_down"},
	"neither":           {cancelRequest{}, nil, nil, exitUsage, nil, "either an EVENT or --task"},
	"both":              {cancelRequest{task: "t"}, []string{"4-0"}, nil, exitUsage, nil, "either an EVENT or --task"},
	"queue of an event": {cancelRequest{queue: "web"}, []string{"4-0"}, nil, exitUsage, nil, "--queue goes with --task"},
	"not an ID":         {cancelRequest{}, []string{"task-123"}, nil, exitUsage, nil, "--task"},
	"invalid task":      {cancelRequest{task: "a\nb"}, nil, nil, exitUsage, nil, "task_id"},
	"invalid queue":     {cancelRequest{task: "a", queue: "a b"}, nil, nil, exitUsage, nil, "queue"},
}

// TestCancel: what is sent, and what is said before.
func TestCancel(t *testing.T) {
	for name, test := range cancelCases {
		redis := &fakeCanceller{records: cancelRecords(), entry: test.entry}
		var out, notes bytes.Buffer
		err := test.request.run(t.Context(), redis, test.args, &out, &notes)
		if got := exitCode(err); got != test.code {
			t.Errorf("%s: exit code %d, want %d: %v", name, got, test.code, err)
		}
		var got map[string]string
		if len(redis.sent) > 0 {
			got = redis.sent[0]
		}
		if diff := cmp.Diff(test.want, got); diff != "" || len(redis.sent) > 1 {
			t.Errorf("%s: sent (-want +got):\n%s", name, diff)
		}
		said := notes.String()
		if err != nil {
			said += err.Error()
		}
		if !strings.Contains(said, test.says) || strings.TrimSpace(out.String()) != map[bool]string{true: "99-0"}[test.want != nil] {
			t.Errorf("%s: said %q, printed %q; want %q", name, said, out.String(), test.says)
		}
	}
}

// TestCancelPlansTask: only open scale_ups of the task and the queue count.
func TestCancelPlansTask(t *testing.T) {
	r := cancelRequest{task: "t"}
	got, err := r.plan(t.Context(), &fakeCanceller{records: cancelRecords()[:2]}, event.ID{})
	if want := (cancelPlan{what: `task "t" in queue default`, events: 2, waiting: 2, running: 2}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

// TestCancelIsFollowed: by default until it is closed; what was cancelled is said at the end.
func TestCancelIsFollowed(t *testing.T) {
	closed := func(lost string) []inspect.StatusEntry {
		return []inspect.StatusEntry{entry("kind", "closed", "n_succeeded", "1", "n_failed", "0", "n_cancelled", "9", "n_lost", lost)}
	}
	cancelling := []inspect.StatusEntry{entry("kind", "cancelling", "message", "9 waited, 3 have a Pod")}
	for name, test := range map[string]struct {
		before, after []inspect.StatusEntry
		code          int
		says          string
	}{
		"closed":   {cancelling, closed("0"), 0, "Cancelled workers: 9. Ended by themselves: 1 succeeded, 0 failed; lost: 0."},
		"lost":     {cancelling, closed("2"), exitFailed, "Cancelled workers: 9. Ended by themselves: 1 succeeded, 0 failed; lost: 2."},
		"rejected": {nil, []inspect.StatusEntry{entry("kind", "rejected", "message", "m", "reason", "invalid_cancel")}, exitUsage, ""},
	} {
		redis := &fakeCanceller{fakeStatus: fakeStatus{test.before, test.after}, records: cancelRecords()}
		var out, notes bytes.Buffer
		err := (&cancelRequest{watch: true}).run(t.Context(), redis, []string{"4-0"}, &out, &notes)
		if exitCode(err) != test.code || !strings.Contains(notes.String(), test.says) {
			t.Errorf("%s: %v, said %q", name, err, notes.String())
		}
		if test.before != nil && !strings.Contains(out.String(), "cancelling · 9 waited, 3 have a Pod") {
			t.Errorf("%s: printed %q", name, out.String())
		}
	}
}

// TestCancelNotSent: after an error it is said that sending again is harmless.
func TestCancelNotSent(t *testing.T) {
	redis := &fakeCanceller{records: cancelRecords(), err: errors.New("connection reset")}
	err := (&cancelRequest{}).run(t.Context(), redis, []string{"4-0"}, &bytes.Buffer{}, &bytes.Buffer{})
	if exitCode(err) != exitBroken || !strings.Contains(err.Error(), "sending it again is safe") {
		t.Errorf("%v", err)
	}
}
