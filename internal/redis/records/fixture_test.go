package records

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	stream   = redistest.Stream
	group    = redistest.Group
	consumer = redistest.Consumer
)

var (
	us     = Owner{Namespace: "ci", Instance: "ottoscaler", LeaseUID: "6fd2"}
	keysOf = redis.NewKeys(stream)
)

func options() Options {
	return Options{Stream: stream, Group: group, RecordTTL: time.Hour, Owner: us, Logger: slog.New(slog.DiscardHandler)}
}

func newJournal(p *redistest.Fixture) *Journal {
	o := options()
	o.Logger = p.Logger()
	return New(p.Client, o)
}

// begun is a Journal whose term has begun.
func begun(t *testing.T, p *redistest.Fixture) *Journal {
	t.Helper()
	j := newJournal(p)
	begin(t, j)
	return j
}

func begin(t *testing.T, j *Journal) (lastAccepted event.ID, known bool) {
	t.Helper()
	start, err := j.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return start.LastAccepted, start.Known
}

// commit commits a batch that must succeed.
func commit(t *testing.T, j *Journal, batch ...worker.Write) {
	t.Helper()
	if err := j.Commit(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
}

var (
	at      = time.Date(2026, 11, 22, 10, 0, 0, 123e6, time.UTC)
	later   = at.Add(time.Minute)
	theID   = event.ID{Ms: 5, Seq: 1}
	sample  = event.Event{EventID: theID, Type: event.ScaleUp, PodCount: 2, Timestamp: at, Metadata: map[string]string{"task_id": "task-123", "colour": "red"}, IdempotencyKey: "k 1", Template: "big", Deadline: time.Minute, Queue: event.DefaultQueue}
	created = worker.Report{ID: theID, TaskID: "task-123", Worker: "otto-agent-1-5-1", Slot: 1, Attempt: 1, State: worker.StateCreated, UID: "u-1", At: at}
	failed  = worker.Report{ID: theID, TaskID: "task-123", Worker: "otto-agent-1-5-1", Slot: 1, Attempt: 1, State: worker.StateFailed, Pod: "otto-agent-1-5-1", UID: "u-1", Node: "node-1", Reason: "Error", Message: "exit 7", ExitCode: new(7), At: later}
	success = worker.SlotRecord{Attempt: 1, State: worker.StateSucceeded, UID: "u-2", Reason: "Completed", ExitCode: new(0), At: later}
)

var (
	down = worker.Accept{At: at, Hash: "h1", Event: event.Event{
		EventID: theID, Type: event.ScaleDown, Queue: event.DefaultQueue, PodCount: 3, Timestamp: at, Metadata: map[string]string{"task_id": "task-123"},
	}}
	selection = worker.Select{
		ID: theID, TaskID: "task-123", Asked: 3, At: later,
		Victims: []worker.Victim{{Event: event.ID{Ms: 4, Seq: 10}, Slot: 2}, {Event: event.ID{Ms: 4, Seq: 2}, Slot: 1}},
	}
	restore = worker.Restore{Hash: "h1", At: at, Record: worker.Record{
		Event: sample, Settled: true, Slots: []worker.SlotRecord{{}, {Attempt: 1, State: worker.StateCreated, UID: "u-2", At: at}},
	}}
)

// fresh is the record as Accept leaves it, with the given fields more.
func fresh(more ...any) map[string]string {
	return asHash(append(more, "type", "scale_up", "pod_count", 2, "task_id", "task-123", "m:colour", "red", "hash", "h1",
		"accepted_at", "2026-11-22T10:00:00.123Z", "timestamp", "2026-11-22T10:00:00.123Z", "idempotency_key", "k 1",
		"template", "big", "deadline_seconds", 60))
}

// asHash is what HGETALL returns of what HSET got.
func asHash(fields []any) map[string]string {
	hash := make(map[string]string)
	for i := 0; i < len(fields); i += 2 {
		hash[fmt.Sprint(fields[i])] = fmt.Sprint(fields[i+1])
	}
	return hash
}
