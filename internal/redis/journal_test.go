package redis

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestJournal(t *testing.T) { testJournal(t, mini) }

// testJournal runs against any Redis: start gives a fresh one.
func testJournal(t *testing.T, start func(*testing.T) *place) {
	tests := map[string]func(*testing.T, *place){
		"every kind of write ends in this state":    testWrites,
		"writes that take in move the mark up only": testMark,
		"open pages in numeric order":               testOpenPages,
		"open goes on without the unreadable":       testOpenUnreadable,
		"find":                                      testFind,
		"one wrong reply inside EXEC is an error":   testWrongReply,
		"an empty batch asks and writes nothing":    testEmptyBatch,
		"nothing is written before a term begins":   testNoTerm,
		"a term that is over writes nothing":        testFenced,
		"an emptied Redis is not written to":        testEmptied,
		"an EXEC that lost the race writes nothing": testTouched,
		"after a lost reply only Begin helps":       testLostReply,
		"the stream of another is left alone":       testOwned,
		"an owner is needed":                        testNoOwner,
		"Begin makes the group":                     testBeginGroup,
		"Begin finds a new stream":                  testNewStream,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

var (
	at      = time.Date(2026, 11, 22, 10, 0, 0, 123e6, time.UTC)
	later   = at.Add(time.Minute)
	theID   = event.ID{Ms: 5, Seq: 1}
	sample  = event.Event{EventID: theID, Type: event.ScaleUp, PodCount: 2, Timestamp: at, Metadata: map[string]string{"task_id": "task-123", "colour": "red"}, IdempotencyKey: "k 1", Template: "big", Deadline: time.Minute}
	keysOf  = NewKeys(stream)
	created = worker.Report{ID: theID, TaskID: "task-123", Worker: "otto-agent-1-5-1", Slot: 1, Attempt: 1, State: worker.StateCreated, UID: "u-1", At: at}
	failed  = worker.Report{ID: theID, TaskID: "task-123", Worker: "otto-agent-1-5-1", Slot: 1, Attempt: 1, State: worker.StateFailed, UID: "u-1", Node: "node-1", Reason: "Error", Message: "exit 7", ExitCode: new(7), At: later}
)

var (
	down = worker.Accept{At: at, Hash: "h1", Event: event.Event{
		EventID: theID, Type: event.ScaleDown, PodCount: 3, Timestamp: at, Metadata: map[string]string{"task_id": "task-123"},
	}}
	chosen = worker.Select{
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

func testWrites(t *testing.T, p *place) {
	accept := worker.Accept{Event: sample, Hash: "h1", At: at}
	said := func(fields ...any) map[string]any {
		entry := make(map[string]any)
		for k, v := range asHash(fields) {
			entry[k] = v
		}
		return entry
	}
	accepted := said("kind", "accepted", "event_id", "5-1", "task_id", "task-123", "at", "2026-11-22T10:00:00.123Z")
	base := func(record map[string]string, status ...map[string]any) map[string]any {
		return map[string]any{
			keysOf.Event(theID): record, keysOf.Open(): []string{"5-1"}, keysOf.Mark(): "5-1",
			keysOf.Idempotency("k 1"): "5-1 h1", keysOf.Status(): append([]map[string]any{accepted}, status...),
		}
	}
	downRecord := func(more ...any) map[string]string {
		return asHash(append(more, "type", "scale_down", "pod_count", 3, "task_id", "task-123", "hash", "h1",
			"accepted_at", "2026-11-22T10:00:00.123Z", "timestamp", "2026-11-22T10:00:00.123Z"))
	}
	cases := []struct {
		name    string
		batch   []worker.Write
		want    map[string]any
		pending int64
	}{
		{"accept", []worker.Write{accept}, base(fresh()), 1},
		{
			"progress",
			[]worker.Write{accept, worker.Progress{Report: created}},
			base(fresh("s1", "1 created u-1 - - - 1795341600123"),
				said("kind", "worker", "event_id", "5-1", "task_id", "task-123", "worker", "otto-agent-1-5-1", "index", 1, "attempt", 1,
					"state", "created", "at", "2026-11-22T10:00:00.123Z")), 1,
		},
		{
			"outcome",
			[]worker.Write{accept, worker.Outcome{Report: failed}},
			base(fresh("s1", "1 failed u-1 node-1 Error 7 1795341660123"),
				said("kind", "worker", "event_id", "5-1", "task_id", "task-123", "worker", "otto-agent-1-5-1", "index", 1, "attempt", 1,
					"state", "failed", "reason", "Error", "message", "exit 7", "exit_code", 7, "node", "node-1", "at", "2026-11-22T10:01:00.123Z")), 1,
		},
		{
			"settle",
			[]worker.Write{accept, worker.Settle{ID: theID, TaskID: "task-123", At: later}},
			base(fresh("settled", "2026-11-22T10:01:00.123Z"),
				said("kind", "settled", "event_id", "5-1", "task_id", "task-123", "at", "2026-11-22T10:01:00.123Z")), 0,
		},
		{"ack", []worker.Write{accept, worker.Ack{ID: theID}}, base(fresh()), 0},
		{
			"close",
			[]worker.Write{
				accept,
				worker.Progress{Report: created},
				worker.Close{ID: theID, TaskID: "task-123", IdempotencyKey: "k 1", Slots: 2, Counts: worker.Counts{Succeeded: 1, Lost: 1}, At: later},
			},
			map[string]any{
				keysOf.Mark(): "5-1", keysOf.Idempotency("k 1") + " (expires)": "5-1 h1",
				keysOf.Event(theID) + " (expires)": fresh("closed", "2026-11-22T10:01:00.123Z", "n_succeeded", 1, "n_failed", 0, "n_cancelled", 0, "n_lost", 1),
				keysOf.Status(): []map[string]any{
					accepted,
					said("kind", "worker", "event_id", "5-1", "task_id", "task-123", "worker", "otto-agent-1-5-1", "index", 1, "attempt", 1,
						"state", "created", "at", "2026-11-22T10:00:00.123Z"),
					said("kind", "closed", "event_id", "5-1", "task_id", "task-123", "n_succeeded", 1, "n_failed", 0, "n_cancelled", 0, "n_lost", 1,
						"at", "2026-11-22T10:01:00.123Z"),
				},
			},
			1,
		},
		{
			"choose",
			[]worker.Write{down, chosen},
			map[string]any{
				keysOf.Event(theID): downRecord("victims", "4-10/2 4-2/1", "settled", "2026-11-22T10:01:00.123Z"),
				keysOf.Open():       []string{"5-1"}, keysOf.Mark(): "5-1",
				keysOf.Status(): []map[string]any{accepted, said("kind", "scaled_down", "event_id", "5-1", "task_id", "task-123",
					"message", "2 of 3 workers are taken away", "at", "2026-11-22T10:01:00.123Z")},
			},
			0,
		},
		{
			"close a scale_down",
			[]worker.Write{down, chosen, worker.Close{ID: theID, TaskID: "task-123", Counts: worker.Counts{Cancelled: 2}, At: later}},
			map[string]any{
				keysOf.Event(theID) + " (expires)": downRecord("settled", "2026-11-22T10:01:00.123Z", "closed", "2026-11-22T10:01:00.123Z",
					"n_succeeded", 0, "n_failed", 0, "n_cancelled", 2, "n_lost", 0),
				keysOf.Mark(): "5-1",
				keysOf.Status(): []map[string]any{
					accepted,
					said("kind", "scaled_down", "event_id", "5-1", "task_id", "task-123", "message", "2 of 3 workers are taken away",
						"at", "2026-11-22T10:01:00.123Z"),
					said("kind", "closed", "event_id", "5-1", "task_id", "task-123", "n_succeeded", 0, "n_failed", 0, "n_cancelled", 2,
						"n_lost", 0, "at", "2026-11-22T10:01:00.123Z"),
				},
			},
			0,
		},
		{
			"restore",
			[]worker.Write{accept, worker.Progress{Report: failed}, restore},
			base(fresh("settled", "2026-11-22T10:00:00.123Z", "s2", "1 created u-2 - - - 1795341600123"),
				said("kind", "worker", "event_id", "5-1", "task_id", "task-123", "worker", "otto-agent-1-5-1", "index", 1, "attempt", 1,
					"state", "failed", "reason", "Error", "message", "exit 7", "exit_code", 7, "node", "node-1", "at", "2026-11-22T10:01:00.123Z")), 1,
		},
		{
			"restore where there was nothing",
			[]worker.Write{restore},
			map[string]any{
				keysOf.Event(theID): fresh("settled", "2026-11-22T10:00:00.123Z", "s2", "1 created u-2 - - - 1795341600123"),
				keysOf.Open():       []string{"5-1"}, keysOf.Mark(): "5-1", keysOf.Idempotency("k 1"): "5-1 h1",
			},
			1,
		},
		{
			"duplicate",
			[]worker.Write{worker.Duplicate{ID: theID, Of: event.ID{Ms: 4}, At: at}},
			map[string]any{keysOf.Mark(): "5-1", keysOf.Status(): []map[string]any{
				said("kind", "duplicate", "event_id", "5-1", "message", "the same as event 4-0", "at", "2026-11-22T10:00:00.123Z"),
			}},
			0,
		},
		{
			"reject",
			[]worker.Write{worker.Reject{ID: theID, Fields: map[string]string{"type": "x"}, Code: "invalid_type", Reason: "type is wrong", TaskID: "t", At: at}},
			map[string]any{
				keysOf.Mark(): "5-1",
				keysOf.Dead(): []map[string]any{said("original_id", "5-1", "reason_code", "invalid_type", "reason", "type is wrong", "code", "OTTO401", "f:type", "x")},
				keysOf.Status(): []map[string]any{said("kind", "rejected", "event_id", "5-1", "task_id", "t", "reason", "invalid_type",
					"code", "OTTO401", "message", "type is wrong", "at", "2026-11-22T10:00:00.123Z")},
			},
			0,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p.do(t, "FLUSHALL")
			p.do(t, "XGROUP", "CREATE", stream, group, "0", "MKSTREAM")
			p.do(t, "XADD", stream, "5-1", "a", "b")
			p.do(t, "XREADGROUP", "GROUP", group, consumer, "STREAMS", stream, ">")
			if err := p.begun(t).Commit(t.Context(), c.batch); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, p.dump(t)); diff != "" {
				t.Error(diff)
			}
			if got := p.pending(t); got != c.pending {
				t.Errorf("%d pending, want %d", got, c.pending)
			}
		})
	}
}

func testMark(t *testing.T, p *place) {
	j := p.begun(t)
	mark := func() string { return p.raw.Get(t.Context(), keysOf.Mark()).Val() }
	commit := func(batch ...worker.Write) {
		t.Helper()
		if err := j.Commit(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	p.do(t, "XADD", stream, "5-10", "a", "b") // so that the stream is as far as the mark will be
	commit(worker.Ack{ID: event.ID{Ms: 99}})
	if mark() != "" {
		t.Error("an Ack moved the mark")
	}
	commit(worker.Duplicate{ID: event.ID{Ms: 5, Seq: 10}, At: at}, worker.Duplicate{ID: event.ID{Ms: 5, Seq: 2}, At: at})
	commit(worker.Duplicate{ID: event.ID{Ms: 5, Seq: 9}, At: at})
	j = p.begun(t) // a new process knows nothing
	commit(worker.Reject{ID: event.ID{Ms: 4}, At: at})
	if mark() != "5-10" {
		t.Errorf("mark is %q, want 5-10", mark())
	}
	if got, _ := begin(t, j); got.String() != "5-10" {
		t.Errorf("Begin returns the mark %v", got)
	}
	p.do(t, "SET", keysOf.Mark(), "rubbish")
	if _, _, err := j.Begin(t.Context()); err == nil || !strings.Contains(err.Error(), keysOf.Mark()) {
		t.Errorf("a mark that is none: %v", err)
	}
}

func acceptAll(t *testing.T, j *Journal, list ...event.ID) {
	t.Helper()
	var batch []worker.Write
	for _, id := range list {
		batch = append(batch, worker.Accept{Event: event.Event{EventID: id, Type: event.ScaleUp, PodCount: 1}, Hash: "h", At: at})
	}
	if err := j.Commit(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
}

func recordIDs(records []worker.Record) []string {
	var all []string
	for _, r := range records {
		all = append(all, r.Event.EventID.String())
	}
	return all
}

func testOpenPages(t *testing.T, p *place) {
	j := p.begun(t)
	acceptAll(t, j, event.ID{Ms: 5, Seq: 2}, event.ID{Ms: 5, Seq: 10}, event.ID{Ms: 40}, event.ID{Ms: 6}, event.ID{Ms: 41})
	if err := j.Commit(t.Context(), []worker.Write{worker.Close{ID: event.ID{Ms: 6}, Slots: 1, At: at}}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for after, n := (event.ID{}), 2; ; {
		page, err := j.Open(t.Context(), after, n)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, recordIDs(page)...)
		if len(page) < n {
			break
		}
		after = page[len(page)-1].Event.EventID
	}
	if diff := cmp.Diff([]string{"5-2", "5-10", "40-0", "41-0"}, got); diff != "" {
		t.Error(diff)
	}
}

func testOpenUnreadable(t *testing.T, p *place) {
	j := p.begun(t)
	acceptAll(t, j, event.ID{Ms: 1}, event.ID{Ms: 2}, event.ID{Ms: 3}, event.ID{Ms: 4}, event.ID{Ms: 5})
	p.do(t, "HSET", keysOf.Event(event.ID{Ms: 1}), "s1", "rubbish")
	p.do(t, "SET", keysOf.Event(event.ID{Ms: 2}), "no hash")
	p.do(t, "DEL", keysOf.Event(event.ID{Ms: 3}))
	p.do(t, "SADD", keysOf.Open(), "rubbish", "01-0")
	page, err := j.Open(t.Context(), event.ID{}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"4-0", "5-0"}, recordIDs(page)); diff != "" {
		t.Error(diff)
	}
	for _, want := range []string{"event_id=1-0", "event_id=2-0", "event_id=3-0", "rubbish", "01-0"} {
		if !strings.Contains(p.logged.String(), want) {
			t.Errorf("nothing was logged about %s", want)
		}
	}
}

func testFind(t *testing.T, p *place) {
	j := p.begun(t)
	if r, err := j.Find(t.Context(), theID); r != nil || err != nil {
		t.Fatalf("found %v, %v in nothing", r, err)
	}
	batch := []worker.Write{worker.Accept{Event: sample, Hash: "h1", At: at}, worker.Outcome{Report: failed}, worker.Settle{ID: theID, At: at}}
	if err := j.Commit(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	r, err := j.Find(t.Context(), theID)
	want := &worker.Record{Event: sample, Settled: true, Slots: []worker.SlotRecord{
		{Attempt: 1, State: worker.StateFailed, UID: "u-1", Node: "node-1", Reason: "Error", ExitCode: new(7), At: later}, {},
	}}
	if diff := cmp.Diff(want, r); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	closing := worker.Close{ID: theID, Slots: 2, Counts: worker.Counts{Failed: 1, Succeeded: 1}, At: at}
	if err := j.Commit(t.Context(), []worker.Write{closing}); err != nil {
		t.Fatal(err)
	}
	want.Closed, want.Counts, want.Slots = true, closing.Counts, make([]worker.SlotRecord, 2)
	r, err = j.Find(t.Context(), theID)
	if diff := cmp.Diff(want, r); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	p.do(t, "HSET", keysOf.Event(theID), "pod_count", "many")
	var unreadable *RecordError
	if _, err = j.Find(t.Context(), theID); !errors.As(err, &unreadable) || unreadable.Key != keysOf.Event(theID) {
		t.Errorf("unreadable: %v", err)
	}
}

func testWrongReply(t *testing.T, p *place) {
	p.do(t, "SET", keysOf.Open(), "no set")
	err := p.begun(t).Commit(t.Context(), []worker.Write{worker.Accept{Event: sample, Hash: "h1", At: at}})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"redis " + p.addr, "WRONGTYPE", "SADD", keysOf.Open()} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}
