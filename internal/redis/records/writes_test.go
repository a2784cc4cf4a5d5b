package records

import (
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// writeCase is a batch, what Redis has after it, and how many entries are pending then.
type writeCase struct {
	batch   []worker.Write
	want    map[string]any
	pending int64
}

func testWrites(t *testing.T, p *redistest.Fixture) {
	for _, cases := range []map[string]writeCase{writesOfScaleUps(), writesOfScaleDowns(), restores(), writesOfQueues(), otherWrites()} {
		for name, c := range cases {
			t.Run(name, func(t *testing.T) { testWrite(t, p, c) })
		}
	}
}

func testWrite(t *testing.T, p *redistest.Fixture, c writeCase) {
	p.Do(t, "FLUSHALL")
	p.Do(t, "XGROUP", "CREATE", stream, group, "0", "MKSTREAM")
	p.Do(t, "XADD", stream, "5-1", "a", "b")
	p.ReadNew(t, group, consumer, 1)
	commit(t, begun(t, p), c.batch...)
	if diff := cmp.Diff(c.want, p.Dump(t)); diff != "" {
		t.Error(diff)
	}
	if got := p.Pending(t); got != c.pending {
		t.Errorf("%d pending, want %d", got, c.pending)
	}
}

const (
	atText    = "2026-11-22T10:00:00.123Z"
	laterText = "2026-11-22T10:01:00.123Z"
)

// statusEntry is one status entry, as XRANGE returns it.
func statusEntry(fields ...any) map[string]any {
	entry := make(map[string]any)
	for k, v := range asHash(fields) {
		entry[k] = v
	}
	return entry
}

var accept = worker.Accept{Event: sample, Hash: "h1", At: at}

func acceptedEntry() map[string]any {
	return statusEntry("kind", "accepted", "event_id", "5-1", "task_id", "task-123", "queue", "default", "at", atText)
}

// workerEntry is the status entry of the first worker, with the given fields more.
func workerEntry(more ...any) map[string]any {
	entry := statusEntry("kind", "worker", "event_id", "5-1", "task_id", "task-123", "worker", "otto-agent-1-5-1", "index", 1, "attempt", 1)
	maps.Copy(entry, statusEntry(more...))
	return entry
}

func createdEntry() map[string]any { return workerEntry("state", "created", "at", atText) }

func failedEntry() map[string]any {
	return workerEntry("state", "failed", "reason", "Error", "message", "exit 7", "exit_code", 7, "pod", "otto-agent-1-5-1", "node", "node-1", "at", laterText)
}

// openEvent is Redis with one open scale_up.
func openEvent(record map[string]string, status ...map[string]any) map[string]any {
	return map[string]any{
		keysOf.Event(theID): record, keysOf.Open(): []string{"5-1"}, keysOf.LastAcceptedID(): "5-1",
		keysOf.Idempotency("k 1"): "5-1 h1", keysOf.Status(): append([]map[string]any{acceptedEntry()}, status...),
	}
}

func writesOfScaleUps() map[string]writeCase {
	closing := worker.Close{
		ID: theID, TaskID: "task-123", IdempotencyKey: "k 1", Seq: 3, Slots: []worker.SlotRecord{success, {Attempt: 1, State: worker.StateLost, UID: "u"}}, Counts: worker.Counts{Succeeded: 1, Lost: 1}, At: later,
	}
	return map[string]writeCase{
		"accept": {[]worker.Write{accept}, openEvent(fresh()), 1},
		"progress": {
			[]worker.Write{accept, worker.Progress{Report: created}},
			openEvent(fresh("s1", "1 created u-1 - - - 1795341600123"), createdEntry()), 1,
		},
		"outcome": {
			[]worker.Write{accept, worker.Outcome{Report: failed}},
			openEvent(fresh("s1", "1 failed u-1 node-1 Error 7 1795341660123"), failedEntry()), 1,
		},
		"settle": {
			[]worker.Write{accept, worker.Settle{ID: theID, TaskID: "task-123", At: later}},
			openEvent(fresh("settled", laterText),
				statusEntry("kind", "settled", "event_id", "5-1", "task_id", "task-123", "at", laterText)), 0,
		},
		"ack": {[]worker.Write{accept, worker.Ack{ID: theID}}, openEvent(fresh()), 0},
		"close": {
			[]worker.Write{accept, worker.Progress{Report: created}, closing},
			map[string]any{
				keysOf.LastAcceptedID(): "5-1", keysOf.Idempotency("k 1") + " (expires)": "5-1 h1",
				keysOf.Event(theID) + " (expires)": fresh("closed", laterText,
					"n_succeeded", 1, "n_failed", 0, "n_cancelled", 0, "n_lost", 1, "outcomes", "s l", "seq", 3),
				keysOf.Status(): []map[string]any{
					acceptedEntry(), createdEntry(),
					statusEntry("kind", "closed", "event_id", "5-1", "seq", 3, "task_id", "task-123",
						"n_succeeded", 1, "n_failed", 0, "n_cancelled", 0, "n_lost", 1, "at", laterText),
				},
			},
			1,
		},
	}
}

func writesOfScaleDowns() map[string]writeCase {
	record := func(more ...any) map[string]string {
		return asHash(append(more, "type", "scale_down", "pod_count", 3, "task_id", "task-123", "hash", "h1",
			"accepted_at", atText, "timestamp", atText))
	}
	scaledDown := statusEntry("kind", "scaled_down", "event_id", "5-1", "task_id", "task-123",
		"n_asked", 3, "n_taken", 2, "message", "2 of 3 workers are taken away", "at", laterText)
	closed := statusEntry("kind", "closed", "event_id", "5-1", "task_id", "task-123",
		"n_succeeded", 0, "n_failed", 0, "n_cancelled", 2, "n_lost", 0, "at", laterText)
	closing := worker.Close{ID: theID, TaskID: "task-123", Counts: worker.Counts{Cancelled: 2}, At: later}
	return map[string]writeCase{
		"select": {
			[]worker.Write{down, selection},
			map[string]any{
				keysOf.Event(theID): record("victims", "4-10/2 4-2/1", "settled", laterText),
				keysOf.Open():       []string{"5-1"}, keysOf.LastAcceptedID(): "5-1",
				keysOf.Status(): []map[string]any{acceptedEntry(), scaledDown},
			},
			0,
		},
		"close a scale_down": {
			[]worker.Write{down, selection, closing},
			map[string]any{
				keysOf.Event(theID) + " (expires)": record("settled", laterText, "closed", laterText,
					"n_succeeded", 0, "n_failed", 0, "n_cancelled", 2, "n_lost", 0),
				keysOf.LastAcceptedID(): "5-1",
				keysOf.Status():         []map[string]any{acceptedEntry(), scaledDown, closed},
			},
			0,
		},
	}
}

func restores() map[string]writeCase {
	record := fresh("settled", atText, "s2", "1 created u-2 - - - 1795341600123")
	return map[string]writeCase{
		"restore": {
			[]worker.Write{accept, worker.Progress{Report: failed}, restore}, openEvent(record, failedEntry()), 1,
		},
		"restore a missing record": {
			[]worker.Write{restore},
			map[string]any{
				keysOf.Event(theID): record, keysOf.Open(): []string{"5-1"},
				keysOf.LastAcceptedID(): "5-1", keysOf.Idempotency("k 1"): "5-1 h1",
			},
			1,
		},
	}
}

// writesOfQueues are refusals, cancels, pauses and views.
func writesOfQueues() map[string]writeCase {
	refuse := worker.Refuse{ID: theID, TaskID: "t", Queue: "web", Message: "quota is 0", At: at}
	pause := worker.Pause{Queue: "web", On: true, By: "kim", Reason: "upgrade", Command: event.ID{Ms: 7}, At: at}
	resume := worker.Pause{Queue: "web", By: "lee", Command: event.ID{Ms: 8}, At: later}
	waiting := statusEntry("kind", "waiting", "event_id", "5-1", "task_id", "t", "queue", "web", "reason", "Refused",
		"message", "quota is 0", "at", atText)
	paused := statusEntry("kind", "paused", "queue", "web", "by", "kim", "message", "upgrade", "at", atText)
	return map[string]writeCase{
		"refuse": {
			[]worker.Write{refuse},
			map[string]any{keysOf.Refused(): asHash([]any{"5-1", fmt.Sprint(at.UnixMilli())}), keysOf.Status(): []map[string]any{waiting}},
			1,
		},
		"pause": {
			[]worker.Write{pause},
			map[string]any{
				keysOf.Pause():       asHash([]any{"web", `{"by":"kim","at":"` + atText + `","reason":"upgrade"}`}),
				keysOf.ControlMark(): "7-0", keysOf.Status(): []map[string]any{paused},
			},
			1,
		},
		"resume": {
			[]worker.Write{pause, resume},
			map[string]any{
				keysOf.ControlMark(): "8-0",
				keysOf.Status():      []map[string]any{paused, statusEntry("kind", "resumed", "queue", "web", "by", "lee", "at", laterText)},
			},
			1,
		},
		"view": {
			[]worker.Write{
				worker.View{Queues: []worker.QueueView{{Name: "web", Weight: 3, Waiting: 2}, {Name: "old", Weight: 1}}},
				worker.View{Gone: []string{"old"}},
			},
			map[string]any{keysOf.Queues(): asHash([]any{"web", `{"name":"web","weight":3,"waiting":2,"live":0}`})},
			1,
		},
	}
}

func otherWrites() map[string]writeCase {
	reject := worker.Reject{
		ID: theID, Fields: map[string]string{"type": "x"}, Code: "invalid_type", Reason: "type is wrong", TaskID: "t", At: at,
	}
	return map[string]writeCase{
		"duplicate": {
			[]worker.Write{worker.Duplicate{ID: theID, Of: event.ID{Ms: 4}, At: at}},
			map[string]any{keysOf.LastAcceptedID(): "5-1", keysOf.Status(): []map[string]any{
				statusEntry("kind", "duplicate", "event_id", "5-1", "seq", 1, "duplicate_of", "4-0", "message", "the same as event 4-0", "at", atText),
			}},
			0,
		},
		"reject": {
			[]worker.Write{reject},
			map[string]any{
				keysOf.LastAcceptedID(): "5-1",
				keysOf.Dead(): []map[string]any{statusEntry("original_id", "5-1", "reason_code", "invalid_type",
					"reason", "type is wrong", "code", "OTTO401", "f:type", "x")},
				keysOf.Status(): []map[string]any{statusEntry("kind", "rejected", "event_id", "5-1", "seq", 1, "task_id", "t",
					"reason", "invalid_type", "code", "OTTO401", "message", "type is wrong", "at", atText)},
			},
			0,
		},
	}
}
