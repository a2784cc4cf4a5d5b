package workertest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Records is one stream with its records, as the conformance suite needs it.
type Records struct {
	worker.Journal // whose term has begun

	// Another returns another Journal on the same stream, as the next term or another process has it.
	Another func() worker.Journal
	// Process is a process that starts now and reads as this consumer: each call of what it returns begins a term.
	Process func(consumer string) func() worker.Source
	// Add is XADD with an ID of its own; pairs are field, value, field, value.
	Add func(id event.ID, pairs ...string)
	// Delete is XDEL, Drop is DEL of the stream, Flush is FLUSHALL.
	Delete func(id event.ID)
	Drop   func()
	Flush  func()
}

const consumer = "ottoscaler-1"

// Source is the stream as a process that starts now sees it.
func (r Records) Source() worker.Source { return r.Process(consumer)() }

var (
	moment = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
	first  = event.ID{Ms: 1000, Seq: 2}
	second = event.ID{Ms: 1000, Seq: 10}
)

func newEvent(id event.ID, pods int, key string) event.Event {
	return event.Event{
		EventID: id, Type: event.ScaleUp, PodCount: pods, Timestamp: moment,
		Metadata: map[string]string{"task_id": "task", "branch": "main"}, IdempotencyKey: key,
	}
}

func report(slot int, state worker.State) worker.Report {
	return worker.Report{ID: first, TaskID: "task", Worker: "w", Slot: slot, Attempt: 1, State: state, UID: "uid", Node: "n", Reason: "R", At: moment}
}

// TestRecords is the conformance suite of worker.Journal and worker.Source: what the core relies on. fresh returns an
// empty stream each time. TestDeliveries belongs to it.
func TestRecords(t *testing.T, fresh func(t *testing.T) Records) {
	each(t, fresh, map[string]func(*testing.T, Records){
		"nothing is known at first":                       nothingKnown,
		"an accepted event is open, and found":            acceptedIsOpen,
		"open events come in numeric order, page by page": openInOrder,
		"marks and outcomes are in the record":            marksAreRecorded,
		"a closed event is found, and not open":           closedIsFound,
		"the mark moves with all that is taken in":        markMoves,
		"what is pending comes first after a start":       pendingFirst,
		"what is acknowledged does not come again":        acknowledgedIsGone,
		"of a huge entry the size comes, and what fits":   hugeIsMeasured,
		"the holder of a key comes with the entry":        holderIsKnown,
		"a scale_down keeps its victims until it closes":  victimsAreKept,
		"a restored record is as it was":                  restoredIsWhole,
		"a restored record moves the mark up only":        restoredMovesMark,
		"only the newest term writes":                     onlyNewestWrites,
		"an emptied Redis is noticed":                     emptiedIsNoticed,
		"no term, no writing":                             noTermNoWriting,
	})
}

func each(t *testing.T, fresh func(t *testing.T) Records, tests map[string]func(*testing.T, Records)) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}

func commit(t *testing.T, r Records, batch ...worker.Write) {
	t.Helper()
	if err := r.Commit(t.Context(), batch); err != nil {
		t.Fatalf("Commit: %v", err)
	}
}

func find(t *testing.T, r Records, id event.ID) *worker.Record {
	t.Helper()
	rec, err := r.Find(t.Context(), id)
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	return rec
}

func open(t *testing.T, r Records, after event.ID, n int) []event.ID {
	t.Helper()
	page, err := r.Open(t.Context(), after, n)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	var ids []event.ID
	for i := range page {
		ids = append(ids, page[i].Event.EventID)
	}
	return ids
}

func mark(t *testing.T, r Records) event.ID {
	t.Helper()
	id, _, err := r.Begin(t.Context())
	if err != nil {
		t.Fatalf("Begin: %v", err)
	}
	return id
}

// read reads until n entries came.
func read(t *testing.T, s worker.Source, n int) []worker.Entry {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var all []worker.Entry
	for len(all) < n {
		batch, err := s.Read(ctx)
		if err != nil {
			t.Fatalf("Read: %v", err)
		}
		all = append(all, batch...)
	}
	return all
}

func wantIDs(t *testing.T, got []event.ID, want ...event.ID) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// hugeIsMeasured: whether it is new or pending.
func hugeIsMeasured(t *testing.T, r Records) {
	large := strings.Repeat("x", event.MaxEntryBytes)
	r.Add(first, "type", "scale_up", "v", large, "v", "1")
	r.Add(second, "type", "scale_up")
	want := worker.Size{Fields: 3, Bytes: 4 + 8 + 1 + len(large) + 2, Sum: "7dc92e1"}
	for range 2 {
		got := read(t, r.Source(), 2)
		if got[0].Size.Sum == "" || !strings.HasPrefix(got[0].Size.Sum, want.Sum) {
			t.Errorf("the sum is %q", got[0].Size.Sum)
		}
		want.Sum = got[0].Size.Sum
		if got[0].Size != want || got[0].Fields["type"] != "scale_up" || len(got[0].Fields["v"]) > 1 {
			t.Errorf("the huge one came as %+v with %d fields", got[0].Size, len(got[0].Fields))
		}
		if got[1].Size != (worker.Size{}) || len(got[1].Fields) != 1 {
			t.Errorf("the small one came as %+v", got[1])
		}
	}
}

func nothingKnown(t *testing.T, r Records) {
	if rec := find(t, r, first); rec != nil {
		t.Errorf("a record of nothing: %+v", rec)
	}
	wantIDs(t, open(t, r, event.ID{}, 10))
	if m := mark(t, r); !m.IsZero() {
		t.Errorf("a mark of nothing: %v", m)
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
	if rec.Event.Hash() != ev.Hash() || rec.Event.TaskID() != "task" || rec.Event.IdempotencyKey != "key" || !rec.Event.Timestamp.Equal(moment) {
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

func marksAreRecorded(t *testing.T, r Records) {
	ended := report(2, worker.StateFailed)
	ended.ExitCode = new(7)
	commit(t, r, worker.Accept{Event: newEvent(first, 2, ""), At: moment},
		worker.Progress{Report: report(1, worker.StateCreated)}, worker.Outcome{Report: ended})
	rec := find(t, r, first)
	if got := rec.Slots[0]; got.State != worker.StateCreated || got.Attempt != 1 || got.UID != "uid" || got.ExitCode != nil || !got.At.Equal(moment) {
		t.Errorf("slot 1: %+v", got)
	}
	if got := rec.Slots[1]; got.State != worker.StateFailed || got.Node != "n" || got.Reason != "R" || got.ExitCode == nil || *got.ExitCode != 7 {
		t.Errorf("slot 2: %+v", got)
	}
}

func closedIsFound(t *testing.T, r Records) {
	ended := report(1, worker.StateSucceeded)
	commit(t, r, worker.Accept{Event: newEvent(first, 1, ""), At: moment}, worker.Outcome{Report: ended},
		worker.Settle{ID: first, At: moment},
		worker.Close{ID: first, Slots: 1, Counts: worker.Counts{Succeeded: 1}, At: moment})
	wantIDs(t, open(t, r, event.ID{}, 10))
	if rec := find(t, r, first); rec == nil || !rec.Closed || !rec.Settled || rec.Counts.Succeeded != 1 {
		t.Errorf("the record: %+v", rec)
	}
}

func markMoves(t *testing.T, r Records) {
	r.Add(first, "type", "scale_up")
	r.Add(second, "type", "x")
	commit(t, r, worker.Accept{Event: newEvent(first, 1, ""), At: moment})
	if m := mark(t, r); m != first {
		t.Errorf("after an Accept the mark is %v", m)
	}
	commit(t, r, worker.Reject{ID: second, Fields: map[string]string{"type": "x"}, Code: "c", Reason: "r", At: moment})
	commit(t, r, worker.Duplicate{ID: event.ID{Ms: 1}, Of: first, At: moment})
	if m := mark(t, r); m != second {
		t.Errorf("the mark is %v, want the highest", m)
	}
}

func pendingFirst(t *testing.T, r Records) {
	dead := r.Source()
	r.Add(first, "type", "scale_up")
	if got := read(t, dead, 1); got[0].ID != first || got[0].Redelivered || got[0].Fields["type"] != "scale_up" {
		t.Fatalf("a new entry came as %+v", got[0])
	}
	r.Add(second, "type", "scale_up")
	got := read(t, r.Source(), 2)
	if got[0].ID != first || !got[0].Redelivered || got[1].ID != second || got[1].Redelivered {
		t.Errorf("after a restart: %+v", got)
	}
}

func acknowledgedIsGone(t *testing.T, r Records) {
	ids := []event.ID{{Ms: 1}, {Ms: 2}, {Ms: 3}, {Ms: 4}, {Ms: 5}}
	for _, id := range ids {
		r.Add(id, "type", "scale_up")
	}
	read(t, r.Source(), len(ids))
	commit(t, r,
		worker.Accept{Event: newEvent(ids[0], 1, ""), At: moment}, worker.Settle{ID: ids[0], At: moment},
		worker.Reject{ID: ids[1], Code: "c", Reason: "r", At: moment},
		worker.Duplicate{ID: ids[2], Of: ids[0], At: moment},
		worker.Ack{ID: ids[3]})
	if got := read(t, r.Source(), 1); len(got) != 1 || got[0].ID != ids[4] {
		t.Errorf("after a restart: %+v, want %v alone", got, ids[4])
	}
}

func holderIsKnown(t *testing.T, r Records) {
	ev := newEvent(first, 1, "build-7")
	commit(t, r, worker.Accept{Event: ev, Hash: ev.Hash(), At: moment})
	r.Add(second, "type", "scale_up", "idempotency_key", "build-7")
	r.Add(event.ID{Ms: 2000}, "type", "scale_up", "idempotency_key", "another")
	got := read(t, r.Source(), 2)
	if got[0].KeyOwner != first || got[0].KeyHash != ev.Hash() || !got[1].KeyOwner.IsZero() {
		t.Errorf("the holders: %+v", got)
	}
}
