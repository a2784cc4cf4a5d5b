package workertest

import (
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// largeEntryHasSize checks a new and a pending one.
func largeEntryHasSize(t *testing.T, r Records) {
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
			t.Errorf("the large one came as %+v with %d fields", got[0].Size, len(got[0].Fields))
		}
		if got[1].Size != (worker.Size{}) || len(got[1].Fields) != 1 {
			t.Errorf("the small one came as %+v", got[1])
		}
	}
}

func pendingComesFirst(t *testing.T, r Records) {
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

func acknowledgedIsNotRedelivered(t *testing.T, r Records) {
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

func keyOwnerIsKnown(t *testing.T, r Records) {
	ev := newEvent(first, 1, "build-7")
	commit(t, r, worker.Accept{Event: ev, Hash: ev.Hash(), At: moment})
	r.Add(second, "type", "scale_up", "idempotency_key", "build-7")
	r.Add(event.ID{Ms: 2000}, "type", "scale_up", "idempotency_key", "another")
	got := read(t, r.Source(), 2)
	if got[0].KeyOwner != first || got[0].KeyHash != ev.Hash() || !got[1].KeyOwner.IsZero() {
		t.Errorf("the owners: %+v", got)
	}
}
