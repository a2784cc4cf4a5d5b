package workertest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

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

func lastAccepted(t *testing.T, r Records) event.ID {
	t.Helper()
	return start(t, r).LastAccepted
}

// read reads until it has n entries.
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

func wantIDs(t *testing.T, got []event.ID, want ...event.ID) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func begin(t *testing.T, j worker.Journal) (known bool) {
	t.Helper()
	return start(t, j).Known
}

func start(t *testing.T, j worker.Journal) worker.TermStart {
	t.Helper()
	start, err := j.Begin(t.Context())
	if err != nil {
		t.Fatalf("Begin: %v", err)
	}
	return start
}

// succeeded are n workers that succeeded.
func succeeded(n int) []worker.SlotRecord {
	all := make([]worker.SlotRecord, n)
	for i := range all {
		all[i] = worker.SlotRecord{Attempt: 1, State: worker.StateSucceeded, UID: "uid", Reason: "Completed", ExitCode: new(0)}
	}
	return all
}
