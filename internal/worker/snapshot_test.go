package worker

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSnapshot: the snapshot at each stage of a worker.
func TestSnapshot(t *testing.T) {
	set := testSettings()
	set.MaxWorkers = 2
	m := newModel(set, t.Fatalf)
	check := func(when string, want Snapshot) {
		t.Helper()
		want.MaxWaiting, want.MaxWorkers = set.MaxWaiting, set.MaxWorkers
		got := m.core.snapshot()
		got.Queues, got.CreateLimit = nil, 0 // see TestViews
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	m.list()
	check("empty", Snapshot{CapacityAvailable: 2})
	m.add(map[string]string{"type": "scale_up", "pod_count": "3", "template": "big"})
	m.deliverNew(1)
	m.commit(9, false)
	check("two of three are being created", Snapshot{EventsOpen: 1, EventsWaiting: 1, WorkersWaiting: 1, WorkersCreating: 2})
	m.serveCreate(0, "refused")
	m.deliverReply(0)
	check("one refused", Snapshot{
		EventsOpen: 1, EventsWaiting: 1, WorkersWaiting: 2, WorkersCreating: 1, CapacityAvailable: 1, Parked: []string{"big"},
	})
	m.serveCreate(0, "")
	m.deliverReply(0)
	m.commit(9, false)
	got := m.core.snapshot()
	if got.Parked != nil || got.WorkersStarting != 1 {
		t.Errorf("one created: %+v", got)
	}
	m.setPhase(m.podNames()[0], PhaseRunning)
	m.deliverWatch(9)
	if got := m.core.snapshot(); got.WorkersRunning != 1 {
		t.Errorf("one running: %+v", got)
	}
	m.setPhase(m.podNames()[0], PhaseSucceeded)
	m.deliverWatch(9)
	m.commit(9, false)
	if got := m.core.snapshot(); got.WorkersRunning != 0 || got.PodsRetained != 1 {
		t.Errorf("one ended: %+v", got)
	}
	m.add(map[string]string{"type": "scale_up", "pod_count": "4"})
	m.deliverNew(1)
	m.commit(9, false)
	if got := m.core.snapshot(); got.EventsOpen != 2 || got.EventsWaiting != 1 || got.WorkersWaiting != 4 {
		t.Errorf("another event waiting: %+v", got)
	}
}
