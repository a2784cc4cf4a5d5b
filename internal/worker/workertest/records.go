package workertest

import (
	"reflect"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func nothingKnown(t *testing.T, r Records) {
	if rec := find(t, r, first); rec != nil {
		t.Errorf("a record of nothing: %+v", rec)
	}
	wantIDs(t, open(t, r, event.ID{}, 10))
	if m := lastAccepted(t, r); !m.IsZero() {
		t.Errorf("the last accepted ID of an empty Redis: %v", m)
	}
}

func acceptedIsOpen(t *testing.T, r Records) {
	ev := newEvent(first, 2, "key")
	commit(t, r, worker.Accept{Event: ev, Hash: ev.Hash(), At: moment})
	wantIDs(t, open(t, r, event.ID{}, 10), first)
	rec := find(t, r, first)
	if rec == nil || len(rec.Slots) != 2 || rec.Settled || rec.Closed || rec.Slots[0].Attempt != 0 {
		t.Fatalf("the record: %+v", rec)
	}
	if e := rec.Event; e.Hash() != ev.Hash() || e.TaskID() != "task" || e.IdempotencyKey != "key" || !e.Timestamp.Equal(moment) {
		t.Errorf("the event came back as %+v", rec.Event)
	}
}

func openInOrder(t *testing.T, r Records) {
	third := event.ID{Ms: 10_000}
	for _, id := range []event.ID{third, second, first} {
		commit(t, r, worker.Accept{Event: newEvent(id, 1, ""), At: moment})
	}
	wantIDs(t, open(t, r, event.ID{}, 2), first, second)
	wantIDs(t, open(t, r, second, 2), third)
}

func workersAreRecorded(t *testing.T, r Records) {
	ended := report(2, worker.StateFailed)
	ended.ExitCode = new(7)
	commit(t, r, worker.Accept{Event: newEvent(first, 2, ""), At: moment},
		worker.Progress{Report: report(1, worker.StateCreated)}, worker.Outcome{Report: ended})
	rec := find(t, r, first)
	one, two := rec.Slots[0], rec.Slots[1]
	if one.State != worker.StateCreated || one.Attempt != 1 || one.UID != "uid" || one.ExitCode != nil || !one.At.Equal(moment) {
		t.Errorf("slot 1: %+v", one)
	}
	if two.State != worker.StateFailed || two.Node != "n" || two.Reason != "R" || two.ExitCode == nil || *two.ExitCode != 7 {
		t.Errorf("slot 2: %+v", two)
	}
}

func closedIsFound(t *testing.T, r Records) {
	ended := report(1, worker.StateSucceeded)
	commit(t, r, worker.Accept{Event: newEvent(first, 1, ""), At: moment}, worker.Outcome{Report: ended},
		worker.Settle{ID: first, At: moment},
		worker.Close{ID: first, Slots: succeeded(1), Counts: worker.Counts{Succeeded: 1}, At: moment})
	wantIDs(t, open(t, r, event.ID{}, 10))
	if rec := find(t, r, first); rec == nil || !rec.Closed || !rec.Settled || rec.Counts.Succeeded != 1 {
		t.Errorf("the record: %+v", rec)
	}
}

// outcomesAreKept: whoever was away finds in a closed record how each worker ended.
func outcomesAreKept(t *testing.T, r Records) {
	slots := []worker.SlotRecord{
		{Attempt: 1, State: worker.StateSucceeded, UID: "u1", Node: "n", Reason: "Completed", ExitCode: new(0), At: moment},
		{Attempt: 2, State: worker.StateFailed, UID: "u2", Reason: "OOMKilled", ExitCode: new(137), At: moment},
		{Attempt: 1, State: worker.StateCancelled, Reason: worker.ReasonScaledDown, At: moment},
		{Attempt: 1, State: worker.StateLost, UID: "u3", Reason: "a: *b#", At: moment},
	}
	want := []worker.SlotRecord{slots[0].Outcome(), slots[1].Outcome(), slots[2].Outcome(), slots[3].Outcome()}
	closing := worker.Close{ID: first, Seq: 7, Slots: want, Counts: worker.Counts{Succeeded: 1, Failed: 1, Cancelled: 1, Lost: 1}, At: moment}
	commit(t, r, worker.Accept{Event: newEvent(first, 4, ""), Seq: 1, At: moment}, worker.Settle{ID: first, Seq: 6, At: moment})
	if rec := find(t, r, first); rec.Seq != 6 {
		t.Errorf("settled, its seq is %d, want 6", rec.Seq)
	}
	commit(t, r, closing)
	rec := find(t, r, first)
	if !reflect.DeepEqual(want, rec.Slots) || rec.Seq != 7 {
		t.Errorf("seq %d, outcomes %+v, want 7 and %+v", rec.Seq, rec.Slots, want)
	}
	r.Flush()
	begin(t, r)
	commit(t, r, worker.Restore{Record: *rec, Hash: "h", At: moment})
	if again := find(t, r, first); !reflect.DeepEqual(again.Slots, rec.Slots) || again.Seq != rec.Seq {
		t.Errorf("restored: %+v, want %+v", again, rec)
	}
}

func lastAcceptedMoves(t *testing.T, r Records) {
	r.Add(first, "type", "scale_up")
	r.Add(second, "type", "x")
	commit(t, r, worker.Accept{Event: newEvent(first, 1, ""), At: moment})
	if m := lastAccepted(t, r); m != first {
		t.Errorf("after an Accept the last accepted ID is %v", m)
	}
	commit(t, r, worker.Reject{ID: second, Fields: map[string]string{"type": "x"}, Code: "c", Reason: "r", At: moment})
	commit(t, r, worker.Duplicate{ID: event.ID{Ms: 1}, Of: first, At: moment})
	if m := lastAccepted(t, r); m != second {
		t.Errorf("the last accepted ID is %v, want the highest", m)
	}
}

func victimsAreKept(t *testing.T, r Records) {
	down := newEvent(second, 3, "")
	down.Type = event.ScaleDown
	victims := []worker.Victim{{Event: first, Slot: 2}, {Event: first, Slot: 1}}
	commit(t, r, worker.Accept{Event: down, At: moment})
	if rec := find(t, r, second); len(rec.Slots) > 0 || rec.Settled || rec.Victims != nil || rec.Event.PodCount != 3 {
		t.Errorf("before: %+v", rec)
	}
	commit(t, r, worker.Select{ID: second, Victims: victims, Asked: 3, At: moment})
	rec := find(t, r, second)
	if !rec.Settled || len(rec.Victims) != 2 || rec.Victims[0] != victims[0] || rec.Victims[1] != victims[1] {
		t.Errorf("after: %+v", rec)
	}
	wantIDs(t, open(t, r, event.ID{}, 10), second)
	commit(t, r, worker.Close{ID: second, Counts: worker.Counts{Cancelled: 2}, At: moment})
	if rec := find(t, r, second); !rec.Closed || rec.Counts.Cancelled != 2 || len(rec.Victims) > 0 {
		t.Errorf("closed: %+v", rec)
	}
}

func clocksAreKept(t *testing.T, r Records) {
	later := moment.Add(time.Hour)
	commit(t, r, worker.Clock{Name: "a:pod", At: moment}, worker.Clock{Name: "b:한글 %", At: moment}, worker.Clock{Name: "c", At: moment})
	commit(t, r, worker.Clock{Name: "a:pod", At: later}, worker.Clock{Name: "c"}, worker.Clock{Name: "never written"})
	next := r.Another()
	if _, err := next.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := next.Clocks(t.Context())
	if err != nil || len(got) != 2 || !got["a:pod"].Equal(later) || !got["b:한글 %"].Equal(moment) {
		t.Errorf("the next term has the clocks %v, %v", got, err)
	}
	r.Flush()
	if got, err := next.Clocks(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("an emptied Redis has the clocks %v, %v", got, err)
	}
}

func restoreIsComplete(t *testing.T, r Records) {
	r.Add(first, "type", "scale_up")
	ev := newEvent(first, 2, "build-7")
	slot := worker.SlotRecord{Attempt: 2, State: worker.StateRunning, UID: "uid", At: moment}
	want := worker.Record{Event: ev, Settled: true, Slots: []worker.SlotRecord{{}, slot}}
	commit(t, r, worker.Accept{Event: newEvent(first, 2, ""), At: moment}, worker.Progress{Report: report(1, worker.StateCreated)})
	commit(t, r, worker.Restore{Record: want, Hash: ev.Hash(), At: moment})
	wantIDs(t, open(t, r, event.ID{}, 10), first)
	rec := find(t, r, first)
	slots := len(rec.Slots) == 2 && rec.Slots[0].Attempt == 0 && rec.Slots[1] == slot
	if !rec.Settled || rec.Closed || rec.Event.Hash() != ev.Hash() || !slots {
		t.Errorf("the record: %+v", rec)
	}
	if m := lastAccepted(t, r); m != first {
		t.Errorf("the last accepted ID is %v", m)
	}
	r.Add(second, "type", "scale_up", "idempotency_key", "build-7")
	if got := read(t, r.Source(), 2); got[1].KeyOwner != first || got[1].KeyHash != ev.Hash() {
		t.Errorf("the owner of its key: %+v", got[1])
	}
}

// rebuiltKeepsTheStream: Redis forgot an entry, its acceptance and its record, and the event is rebuilt from its Pods. The
// stream must not count as another one, which would be read from its start.
func rebuiltKeepsTheStream(t *testing.T, r Records) {
	r.Add(first, "type", "scale_up")
	begin(t, r)
	wantIDs(t, idsOf(read(t, r.Source(), 1)), first)
	commit(t, r, worker.Accept{Event: newEvent(first, 1, ""), At: moment}, worker.Settle{ID: first, At: moment},
		worker.Close{ID: first, Slots: succeeded(1), At: moment})
	commit(t, r, worker.Restore{Record: worker.Record{Event: newEvent(second, 1, "")}, Rebuilt: true, At: moment})
	if got := start(t, r); got.LastAccepted != first || !got.Replaced.IsZero() {
		t.Errorf("the next term starts with %+v, want the last accepted ID %v, and nothing replaced", got, first)
	}
	third := event.ID{Ms: 5000}
	r.Add(third, "type", "scale_up")
	wantIDs(t, idsOf(read(t, r.Source(), 1)), third)
	wantIDs(t, open(t, r, event.ID{}, 10), second)
}

func restoreRaisesLastAccepted(t *testing.T, r Records) {
	r.Add(first, "type", "scale_up")
	r.Add(second, "type", "scale_up")
	commit(t, r, worker.Accept{Event: newEvent(second, 1, ""), At: moment})
	commit(t, r, worker.Restore{Record: worker.Record{Event: newEvent(first, 1, "")}, At: moment})
	if m := lastAccepted(t, r); m != second {
		t.Errorf("the last accepted ID is %v, want the highest", m)
	}
}
