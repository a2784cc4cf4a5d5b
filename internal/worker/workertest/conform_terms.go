package workertest

import (
	"errors"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

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

func restoredIsWhole(t *testing.T, r Records) {
	r.Add(first, "type", "scale_up")
	ev := newEvent(first, 2, "build-7")
	slot := worker.SlotRecord{Attempt: 2, State: worker.StateRunning, UID: "uid", At: moment}
	want := worker.Record{Event: ev, Settled: true, Slots: []worker.SlotRecord{{}, slot}}
	commit(t, r, worker.Accept{Event: newEvent(first, 2, ""), At: moment}, worker.Progress{Report: report(1, worker.StateCreated)})
	commit(t, r, worker.Restore{Record: want, Hash: ev.Hash(), At: moment})
	wantIDs(t, open(t, r, event.ID{}, 10), first)
	rec := find(t, r, first)
	if !rec.Settled || rec.Closed || rec.Event.Hash() != ev.Hash() || len(rec.Slots) != 2 || rec.Slots[0].Attempt != 0 || rec.Slots[1] != slot {
		t.Errorf("the record: %+v", rec)
	}
	if m := mark(t, r); m != first {
		t.Errorf("the mark is %v", m)
	}
	r.Add(second, "type", "scale_up", "idempotency_key", "build-7")
	if got := read(t, r.Source(), 2); got[1].KeyOwner != first || got[1].KeyHash != ev.Hash() {
		t.Errorf("the holder of its key: %+v", got[1])
	}
}

func restoredMovesMark(t *testing.T, r Records) {
	r.Add(first, "type", "scale_up")
	r.Add(second, "type", "scale_up")
	commit(t, r, worker.Accept{Event: newEvent(second, 1, ""), At: moment})
	commit(t, r, worker.Restore{Record: worker.Record{Event: newEvent(first, 1, "")}, At: moment})
	if m := mark(t, r); m != second {
		t.Errorf("the mark is %v, want the highest", m)
	}
}

// refuses checks that a Journal writes nothing, not even when it is asked again.
func refuses(t *testing.T, r Records, j worker.Journal) {
	t.Helper()
	for range 2 {
		if err := j.Commit(t.Context(), []worker.Write{worker.Accept{Event: newEvent(first, 1, ""), At: moment}}); err == nil {
			t.Error("it wrote")
		}
		if err := j.Commit(t.Context(), nil); err == nil {
			t.Error("its term still stands")
		}
	}
	if rec := find(t, r, first); rec != nil {
		t.Errorf("a record: %+v", rec)
	}
}

func begin(t *testing.T, j worker.Journal) (known bool) {
	t.Helper()
	_, known, err := j.Begin(t.Context())
	if err != nil {
		t.Fatalf("Begin: %v", err)
	}
	return known
}

func onlyNewestWrites(t *testing.T, r Records) {
	if err := r.Commit(t.Context(), nil); err != nil {
		t.Errorf("an empty batch: %v", err)
	}
	next := r.Another()
	if !begin(t, next) {
		t.Error("the second term knows of none before it")
	}
	refuses(t, r, r)
	if err := next.Commit(t.Context(), []worker.Write{worker.Accept{Event: newEvent(second, 1, ""), At: moment}}); err != nil {
		t.Errorf("the newest term: %v", err)
	}
	r.Add(second, "type", "scale_up") // the mark is that of a stream
	begin(t, r)
	refuses(t, r, next)
}

func emptiedIsNoticed(t *testing.T, r Records) {
	commit(t, r, worker.Accept{Event: newEvent(second, 1, ""), At: moment})
	r.Flush()
	refuses(t, r, r)
	if known := begin(t, r); known {
		t.Error("the emptied Redis knows of a term")
	}
	wantIDs(t, open(t, r, event.ID{}, 10))
	commit(t, r, worker.Accept{Event: newEvent(first, 1, ""), At: moment})
}

func noTermNoWriting(t *testing.T, r Records) { refuses(t, r, r.Another()) }

// TestDeliveries is the part of the suite that needs delivery counts, deletions and new streams to be as in Redis.
func TestDeliveries(t *testing.T, fresh func(t *testing.T) Records) {
	each(t, fresh, map[string]func(*testing.T, Records){
		"a body that ends its readers is found out": poisonIsFound,
		"terms of one process prove nothing":        termsProveNothing,
		"a record is proof of innocence":            recordedIsInnocent,
		"a suspicious entry is read alone":          suspiciousAlone,
		"what other consumers hold is taken over":   othersAreTakenOver,
		"a deleted entry comes as its ID":           deletedIsTrimmed,
		"a new stream is for a new term":            newStreamStartsOver,
	})
}

// die reads once as a process that does not survive it.
func die(t *testing.T, r Records) []worker.Entry {
	t.Helper()
	got, err := r.Source().Read(t.Context())
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return got
}

func poisonIsFound(t *testing.T, r Records) {
	r.Add(first, "type", "scale_up")
	for range 5 {
		if got := die(t, r); len(got) == 0 || got[0].ID != first || got[0].Fields["type"] != "scale_up" || got[0].Poisonous {
			t.Fatalf("too early: %+v", got)
		}
	}
	r.Add(second, "type", "scale_up")
	process := r.Process(consumer)
	for range 2 { // in its later terms too
		got := read(t, process(), 2)
		if got[0].ID != first || !got[0].Poisonous || !got[0].Redelivered || got[0].Fields != nil || got[1].ID != second || got[1].Poisonous {
			t.Errorf("after five deaths: %+v", got)
		}
	}
	commit(t, r, worker.Reject{ID: first, Code: "c", At: moment})
	if got := read(t, r.Source(), 1); got[0].ID != second {
		t.Errorf("after it was rejected: %+v", got)
	}
}

// termsProveNothing: writes are refused for an hour, and one process begins term after term.
func termsProveNothing(t *testing.T, r Records) {
	r.Add(first, "type", "scale_up")
	process := r.Process(consumer)
	for range 20 {
		read(t, process(), 1)
	}
	next := r.Process(consumer)
	for range 20 {
		if got := read(t, next(), 1); got[0].Fields == nil {
			t.Fatalf("came as %+v", got[0])
		}
	}
	for range 3 { // deaths; the first process and the second count once each
		die(t, r)
	}
	if got := read(t, r.Source(), 1); !got[0].Poisonous {
		t.Errorf("after five processes: %+v", got)
	}
}

// recordedIsInnocent: an event waits for room, taken in, while one process after the other comes and goes.
func recordedIsInnocent(t *testing.T, r Records) {
	r.Add(first, "type", "scale_up")
	r.Add(second, "type", "scale_up")
	read(t, r.Source(), 2)
	commit(t, r, worker.Accept{Event: newEvent(first, 1, ""), At: moment}, worker.Accept{Event: newEvent(second, 1, ""), At: moment})
	for range 10 {
		got := read(t, r.Source(), 2) // and none is waited for
		if got[0].ID != first || got[0].Poisonous || got[0].Fields == nil || got[1].ID != second {
			t.Fatalf("came as %+v", got)
		}
	}
}

func suspiciousAlone(t *testing.T, r Records) {
	third := event.ID{Ms: 10_000}
	r.Add(first, "type", "scale_up")
	die(t, r)
	die(t, r)
	r.Add(second, "type", "scale_up")
	r.Add(third, "type", "scale_up")
	s := r.Source()
	wantIDs(t, idsOf(readOnce(t, s)), first)
	if got := readOnce(t, s); len(got) > 0 {
		t.Fatalf("it did not wait: %+v", got)
	}
	begun := time.Now()
	commit(t, r, worker.Accept{Event: newEvent(first, 1, ""), At: moment})
	wantIDs(t, idsOf(read(t, s, 2)), second, third)
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("it waited for %v although there is a record", took)
	}
}

func readOnce(t *testing.T, s worker.Source) []worker.Entry {
	t.Helper()
	got, err := s.Read(t.Context())
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return got
}

func idsOf(entries []worker.Entry) []event.ID {
	var ids []event.ID
	for i := range entries {
		ids = append(ids, entries[i].ID)
	}
	return ids
}

func othersAreTakenOver(t *testing.T, r Records) {
	ids := []event.ID{{Ms: 1}, {Ms: 2}, {Ms: 3}, {Ms: 4}}
	for _, id := range ids {
		r.Add(id, "type", "scale_up")
	}
	read(t, r.Process("another")(), len(ids))
	r.Delete(ids[2])
	got := read(t, r.Source(), 4)
	wantIDs(t, idsOf(got), ids...)
	for i := range got {
		if !got[i].Redelivered || got[i].Trimmed != (i == 2) || (got[i].Fields == nil) != (i == 2) {
			t.Errorf("came as %+v", got[i])
		}
	}
	for _, id := range ids {
		commit(t, r, worker.Reject{ID: id, Code: "c", At: moment})
	}
	r.Add(event.ID{Ms: 5}, "type", "scale_up")
	wantIDs(t, idsOf(read(t, r.Source(), 1)), event.ID{Ms: 5})
}

func deletedIsTrimmed(t *testing.T, r Records) {
	r.Add(first, "type", "scale_up")
	r.Add(second, "type", "scale_up")
	process := r.Process(consumer)
	read(t, process(), 2)
	r.Delete(first)
	for _, s := range []worker.Source{process(), r.Source()} {
		got := read(t, s, 2)
		if got[0].ID != first || !got[0].Trimmed || !got[0].Redelivered || got[1].ID != second || got[1].Trimmed {
			t.Errorf("came as %+v", got)
		}
	}
}

func newStreamStartsOver(t *testing.T, r Records) {
	r.Add(second, "type", "scale_up")
	s := r.Source()
	read(t, s, 1)
	commit(t, r, worker.Accept{Event: newEvent(second, 1, ""), At: moment})
	r.Drop()
	startsOver(t, s)
	r.Add(first, "type", "scale_up") // lower than what was taken in before
	startsOver(t, s)
	if m := mark(t, r); !m.IsZero() {
		t.Errorf("the mark of the old stream: %v", m)
	}
	wantIDs(t, idsOf(read(t, r.Source(), 1)), first)
}

func startsOver(t *testing.T, s worker.Source) {
	t.Helper()
	if got, err := s.Read(t.Context()); !errors.Is(err, worker.ErrStreamReplaced) {
		t.Errorf("read %+v, %v", got, err)
	}
}
