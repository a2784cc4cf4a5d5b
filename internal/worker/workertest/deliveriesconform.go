package workertest

import (
	"errors"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// TestDeliveries is the part of the suite that depends on delivery counts, deletions and replaced streams.
func TestDeliveries(t *testing.T, fresh func(t *testing.T) Records) {
	each(t, fresh, map[string]func(*testing.T, Records){
		"an entry whose readers crash is poisonous": poisonIsFound,
		"terms of one process are counted once":     termsAreNotCounted,
		"an entry with a record is not poisonous":   recordedIsNoPoison,
		"a suspicious entry is read alone":          suspiciousAlone,
		"entries of other consumers are claimed":    othersAreClaimed,
		"a deleted entry is delivered as its ID":    deletedIsTrimmed,
		"a new stream needs a new term":             newStreamNeedsNewTerm,
	})
}

// readAndCrash reads once as a process that crashes afterwards.
func readAndCrash(t *testing.T, r Records) []worker.Entry {
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
		if got := readAndCrash(t, r); len(got) == 0 || got[0].ID != first || got[0].Fields["type"] != "scale_up" || got[0].Poisonous {
			t.Fatalf("too early: %+v", got)
		}
	}
	r.Add(second, "type", "scale_up")
	process := r.Process(consumer)
	for range 2 { // its later terms too
		got := read(t, process(), 2)
		if got[0].ID != first || !got[0].Poisonous || !got[0].Redelivered || got[0].Fields != nil || got[1].ID != second || got[1].Poisonous {
			t.Errorf("after five crashes: %+v", got)
		}
	}
	commit(t, r, worker.Reject{ID: first, Code: "c", At: moment})
	if got := read(t, r.Source(), 1); got[0].ID != second {
		t.Errorf("after it was rejected: %+v", got)
	}
}

// termsAreNotCounted: a process that starts many terms, as during an outage of writes, counts once.
func termsAreNotCounted(t *testing.T, r Records) {
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
	for range 3 { // crashes; the first two processes count once each
		readAndCrash(t, r)
	}
	if got := read(t, r.Source(), 1); !got[0].Poisonous {
		t.Errorf("after five processes: %+v", got)
	}
}

// recordedIsNoPoison: an accepted event waits for capacity while processes start and end.
func recordedIsNoPoison(t *testing.T, r Records) {
	r.Add(first, "type", "scale_up")
	r.Add(second, "type", "scale_up")
	read(t, r.Source(), 2)
	commit(t, r, worker.Accept{Event: newEvent(first, 1, ""), At: moment}, worker.Accept{Event: newEvent(second, 1, ""), At: moment})
	for range 10 {
		got := read(t, r.Source(), 2) // together: no entry is read alone
		if got[0].ID != first || got[0].Poisonous || got[0].Fields == nil || got[1].ID != second {
			t.Fatalf("came as %+v", got)
		}
	}
}

func suspiciousAlone(t *testing.T, r Records) {
	third := event.ID{Ms: 10_000}
	r.Add(first, "type", "scale_up")
	readAndCrash(t, r)
	readAndCrash(t, r)
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

func othersAreClaimed(t *testing.T, r Records) {
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

func newStreamNeedsNewTerm(t *testing.T, r Records) {
	r.Add(second, "type", "scale_up")
	s := r.Source()
	read(t, s, 1)
	commit(t, r, worker.Accept{Event: newEvent(second, 1, ""), At: moment})
	r.Drop()
	wantStreamReplaced(t, s)
	r.Add(first, "type", "scale_up") // lower than the last accepted ID
	wantStreamReplaced(t, s)
	if m := lastAccepted(t, r); !m.IsZero() {
		t.Errorf("the last accepted ID of the old stream: %v", m)
	}
	wantIDs(t, idsOf(read(t, r.Source(), 1)), first)
}

func wantStreamReplaced(t *testing.T, s worker.Source) {
	t.Helper()
	if got, err := s.Read(t.Context()); !errors.Is(err, worker.ErrStreamReplaced) {
		t.Errorf("read %+v, %v", got, err)
	}
}
