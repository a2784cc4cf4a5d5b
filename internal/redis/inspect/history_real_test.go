//go:build real

package inspect

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func kinds(entries []StatusEntry) []string {
	var all []string
	for _, s := range entries {
		all = append(all, s.Kind())
	}
	return all
}

// TestFollow: the history so far, and then the entries up to the event's end.
func TestFollow(t *testing.T) {
	p := redistest.Real(t)
	r, j := newReader(p), begun(t, p)
	id, ev := sendOne(t, r)
	commit(t, j, worker.Accept{Event: ev, Hash: "h", At: id.Time()})
	history, last, err := r.History(t.Context(), id)
	if err != nil || !slices.Equal(kinds(history), []string{"accepted"}) {
		t.Fatalf("%v, %v", history, err)
	}
	closeEvent(t, r, p)
	entries, _, err := r.Follow(t.Context(), id, last)
	if err != nil || !slices.Equal(kinds(entries), []string{"settled", "closed"}) || entries[0].Ends() || !entries[1].Ends() {
		t.Fatalf("%v, %v", entries, err)
	}
	if got := entries[1].Fields["n_succeeded"]; got != "1" {
		t.Errorf("n_succeeded is %q", got)
	}
}

// closeEvent settles and closes the one open event.
func closeEvent(t *testing.T, r *Reader, p *redistest.Fixture) {
	t.Helper()
	open, err := r.Open(t.Context())
	if err != nil || len(open) != 1 {
		t.Fatalf("%v, %v", open, err)
	}
	id := open[0].Event.EventID
	commit(t, begun(t, p), worker.Settle{ID: id, TaskID: "task-123", At: id.Time()},
		worker.Close{ID: id, TaskID: "task-123", Counts: worker.Counts{Succeeded: 1}, At: id.Time()})
}

// TestHistories: what the status stream has of events, of a time and of a task.
func TestHistories(t *testing.T) {
	p := redistest.Real(t)
	r, j := newReader(p), begun(t, p)
	id, ev := sendOne(t, r)
	commit(t, j, worker.Accept{Event: ev, Hash: "h", At: id.Time()})
	closeEvent(t, r, p)
	all, err := r.Histories(t.Context(), []event.ID{{Ms: 5}, id})
	if err != nil || len(all) != 1 || !slices.Equal(kinds(all[id]), []string{"accepted", "settled", "closed"}) {
		t.Errorf("all: %v, %v", all, err)
	}
	settled := func(s StatusEntry) bool { return s.Kind() == "settled" }
	if got, err := r.Since(t.Context(), id.Time(), settled); err != nil || len(got) != 1 || got[0].Fields["event_id"] != id.String() {
		t.Errorf("since the event: %v, %v", got, err)
	}
	if got, err := r.Since(t.Context(), time.Now().Add(time.Hour), settled); err != nil || len(got) != 0 {
		t.Errorf("since later: %v, %v", got, err)
	}
	if ids, err := r.OfTask(t.Context(), "task-123", 5); err != nil || !cmp.Equal(ids, []event.ID{id}) {
		t.Errorf("of the task: %v, %v", ids, err)
	}
	for range readPage {
		p.Do(t, "XADD", p.Keys.Status(), "*", "kind", "more", "event_id", id.String())
	}
	if all, err := r.Histories(t.Context(), []event.ID{id}); err != nil || len(all[id]) != 3+readPage {
		t.Errorf("over more than a page: %d, %v", len(all[id]), err)
	}
}
