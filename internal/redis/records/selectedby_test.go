package records

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// TestVictimsAreCounted: a victim's outcome counts in the record of the scale_down that selected it, in the same MULTI, so
// that a term that begins in between knows the counts.
func TestVictimsAreCounted(t *testing.T) {
	p := redistest.Mini(t)
	j := begun(t, p)
	up, down := sample, sample
	down.EventID, down.Type, down.IdempotencyKey = redistest.MustID(t, "9-1"), event.ScaleDown, ""
	victims := []worker.Victim{{Event: up.EventID, Slot: 1}}
	ended := worker.Report{ID: up.EventID, Slot: 1, Attempt: 1, State: worker.StateCancelled, At: at, SelectedBy: down.EventID}
	err := j.Commit(t.Context(), []worker.Write{
		worker.Accept{Event: up, At: at},
		worker.Accept{Event: down, At: at},
		worker.Select{ID: down.EventID, Victims: victims, Asked: 3, At: at},
		worker.Outcome{Report: ended},
	})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := j.Find(t.Context(), down.EventID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(worker.Counts{Cancelled: 1}, rec.Counts); diff != "" || rec.Closed || !cmp.Equal(rec.Victims, victims) {
		t.Errorf("the record is %+v\n%s", rec, diff)
	}
	last := p.Raw.XRevRangeN(t.Context(), keysOf.Status(), "+", "-", 1).Val()
	if len(last) != 1 || last[0].Values["by_event"] != "9-1" {
		t.Errorf("the last status entry is %v, want by_event 9-1", last)
	}
}

// TestTombstoneIsRestored: the record of a closed event whose Pods still exist is restored, and expires.
func TestTombstoneIsRestored(t *testing.T) {
	p := redistest.Mini(t)
	j := begun(t, p)
	closed := worker.Record{Event: sample, Settled: true, Closed: true, Counts: worker.Counts{Failed: 2}}
	if err := j.Commit(t.Context(), []worker.Write{worker.Restore{Record: closed, Hash: "h", At: at}}); err != nil {
		t.Fatal(err)
	}
	rec, err := j.Find(t.Context(), sample.EventID)
	if err != nil || !rec.Closed || rec.Counts.Failed != 2 {
		t.Errorf("the record is %+v, %v", rec, err)
	}
	if open, err := j.Open(t.Context(), event.ID{}, 9); err != nil || len(open) != 0 {
		t.Errorf("%d events are open, %v", len(open), err)
	}
	if ttl := p.Raw.PTTL(t.Context(), keysOf.Event(sample.EventID)).Val(); ttl <= 0 {
		t.Errorf("it never expires: %v", ttl)
	}
}
