package worker

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSnapshot: what is shown at each step of a life, by the core alone.
func TestSnapshot(t *testing.T) {
	set := testSettings()
	set.MaxWorkers = 2
	w := newWorld(set, t.Fatalf)
	check := func(when string, want Snapshot) {
		t.Helper()
		want.MaxWaiting, want.MaxWorkers = set.MaxWaiting, set.MaxWorkers
		if diff := cmp.Diff(want, w.core.snapshot()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	w.list()
	check("nothing", Snapshot{CapacityAvailable: 2})
	w.add(map[string]string{"type": "scale_up", "pod_count": "3", "template": "big"})
	w.deliverNew(1)
	w.commit(9, false)
	check("two of three are asked for", Snapshot{EventsOpen: 1, EventsWaiting: 1, WorkersWaiting: 1, WorkersCreating: 2})
	w.serveCreate(0, "refused")
	w.reply(0)
	check("one is refused", Snapshot{EventsOpen: 1, EventsWaiting: 1, WorkersWaiting: 2, WorkersCreating: 1, CapacityAvailable: 1, Parked: []string{"big"}})
	w.serveCreate(0, "")
	w.reply(0)
	w.commit(9, false)
	got := w.core.snapshot()
	if got.Parked != nil || got.WorkersStarting != 1 {
		t.Errorf("one is created: %+v", got)
	}
	w.advance(w.podNames()[0], PhaseRunning)
	w.deliverWatch(9)
	if got := w.core.snapshot(); got.WorkersRunning != 1 {
		t.Errorf("one runs: %+v", got)
	}
	w.advance(w.podNames()[0], PhaseSucceeded)
	w.deliverWatch(9)
	w.commit(9, false)
	if got := w.core.snapshot(); got.WorkersRunning != 0 || got.PodsRetained != 1 {
		t.Errorf("one has ended: %+v", got)
	}
	w.add(map[string]string{"type": "scale_up", "pod_count": "4"})
	w.deliverNew(1)
	w.commit(9, false)
	if got := w.core.snapshot(); got.EventsOpen != 2 || got.EventsWaiting != 1 || got.WorkersWaiting != 4 {
		t.Errorf("another event waits: %+v", got)
	}
}
