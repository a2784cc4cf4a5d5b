package records

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestJournal(t *testing.T) { testJournal(t, redistest.Mini) }

// testJournal runs on any Redis: start returns a fresh one.
func testJournal(t *testing.T, start func(*testing.T) *redistest.Fixture) {
	tests := map[string]func(*testing.T, *redistest.Fixture){
		"every kind of write ends in this state":  testWrites,
		"the last accepted ID only moves up":      testLastAccepted,
		"open pages in numeric order":             testOpenPages,
		"open leaves unreadable records out":      testOpenUnreadable,
		"find":                                    testFind,
		"one wrong reply inside EXEC is an error": testWrongReply,
		"an empty batch checks the term":          testEmptyBatch,
		"nothing is written before a term begins": testNoTerm,
		"a term that is over writes nothing":      testFenced,
		"an emptied Redis is not written to":      testEmptied,
		"a conflict writes nothing":               testConflict,
		"after a lost reply only Begin helps":     testLostReply,
		"a stream owned by another is left alone": testOwned,
		"an owner is required":                    testNoOwner,
		"Begin creates the group":                 testBeginGroup,
		"Begin finds a replaced stream":           testNewStream,
		"Begin finds which records may be lost":   testComplete,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

func testLastAccepted(t *testing.T, p *redistest.Fixture) {
	j := begun(t, p)
	last := func() string { return p.Raw.Get(t.Context(), keysOf.LastAcceptedID()).Val() }
	p.Do(t, "XADD", stream, "5-10", "a", "b") // so that the stream does not count as replaced
	commit(t, j, worker.Ack{ID: event.ID{Ms: 99}})
	if last() != "" {
		t.Error("an Ack moved it")
	}
	commit(t, j, worker.Duplicate{ID: event.ID{Ms: 5, Seq: 10}, At: at}, worker.Duplicate{ID: event.ID{Ms: 5, Seq: 2}, At: at})
	commit(t, j, worker.Duplicate{ID: event.ID{Ms: 5, Seq: 9}, At: at})
	j = begun(t, p) // a new process knows nothing
	commit(t, j, worker.Reject{ID: event.ID{Ms: 4}, At: at})
	if last() != "5-10" {
		t.Errorf("it is %q, want 5-10", last())
	}
	if got, _ := begin(t, j); got.String() != "5-10" {
		t.Errorf("Begin returns %v", got)
	}
	p.Do(t, "SET", keysOf.LastAcceptedID(), "rubbish")
	if _, err := j.Begin(t.Context()); err == nil || !strings.Contains(err.Error(), keysOf.LastAcceptedID()) {
		t.Errorf("an invalid one: %v", err)
	}
}

func acceptAll(t *testing.T, j *Journal, list ...event.ID) {
	t.Helper()
	var batch []worker.Write
	for _, id := range list {
		batch = append(batch, worker.Accept{Event: event.Event{EventID: id, Type: event.ScaleUp, PodCount: 1}, Hash: "h", At: at})
	}
	commit(t, j, batch...)
}

func recordIDs(records []worker.Record) []string {
	var all []string
	for _, r := range records {
		all = append(all, r.Event.EventID.String())
	}
	return all
}

func testOpenPages(t *testing.T, p *redistest.Fixture) {
	j := begun(t, p)
	acceptAll(t, j, event.ID{Ms: 5, Seq: 2}, event.ID{Ms: 5, Seq: 10}, event.ID{Ms: 40}, event.ID{Ms: 6}, event.ID{Ms: 41})
	commit(t, j, worker.Close{ID: event.ID{Ms: 6}, At: at})
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

func testOpenUnreadable(t *testing.T, p *redistest.Fixture) {
	j := begun(t, p)
	acceptAll(t, j, event.ID{Ms: 1}, event.ID{Ms: 2}, event.ID{Ms: 3}, event.ID{Ms: 4}, event.ID{Ms: 5})
	p.Do(t, "HSET", keysOf.Event(event.ID{Ms: 1}), "s1", "rubbish")
	p.Do(t, "SET", keysOf.Event(event.ID{Ms: 2}), "no hash")
	p.Do(t, "DEL", keysOf.Event(event.ID{Ms: 3}))
	p.Do(t, "SADD", keysOf.Open(), "rubbish", "01-0")
	page, err := j.Open(t.Context(), event.ID{}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"4-0", "5-0"}, recordIDs(page)); diff != "" {
		t.Error(diff)
	}
	for _, want := range []string{"event_id=1-0", "event_id=2-0", "event_id=3-0", "rubbish", "01-0"} {
		if !strings.Contains(p.Log.String(), want) {
			t.Errorf("nothing was logged about %s", want)
		}
	}
}

func testFind(t *testing.T, p *redistest.Fixture) {
	j := begun(t, p)
	if r, err := j.Find(t.Context(), theID); r != nil || err != nil {
		t.Fatalf("found %v, %v in nothing", r, err)
	}
	batch := []worker.Write{worker.Accept{Event: sample, Hash: "h1", At: at}, worker.Outcome{Report: failed}, worker.Settle{ID: theID, At: at}}
	commit(t, j, batch...)
	r, err := j.Find(t.Context(), theID)
	want := &worker.Record{Event: sample, AcceptedAt: at, Settled: true, Slots: []worker.SlotRecord{
		{Attempt: 1, State: worker.StateFailed, UID: "u-1", Node: "node-1", Reason: "Error", ExitCode: new(7), At: later}, {},
	}}
	if diff := cmp.Diff(want, r); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	closing := worker.Close{
		ID: theID, Seq: 5, Slots: []worker.SlotRecord{want.Slots[0], success}, Counts: worker.Counts{Failed: 1, Succeeded: 1}, At: at,
	}
	commit(t, j, closing)
	want.Closed, want.Counts, want.Seq = true, closing.Counts, 5
	want.Slots = []worker.SlotRecord{want.Slots[0].Outcome(), success.Outcome()}
	r, err = j.Find(t.Context(), theID)
	if diff := cmp.Diff(want, r); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	p.Do(t, "HSET", keysOf.Event(theID), "pod_count", "many")
	var unreadable *redis.RecordError
	if _, err = j.Find(t.Context(), theID); !errors.As(err, &unreadable) || unreadable.Key != keysOf.Event(theID) {
		t.Errorf("unreadable: %v", err)
	}
}
