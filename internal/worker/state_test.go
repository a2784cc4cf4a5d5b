package worker

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

func testSettings() Settings {
	return Settings{
		Rules:      event.Rules{MaxPods: 1000, Deadlines: map[string]time.Duration{"": 6 * time.Hour, "big": time.Hour}},
		Names:      event.NewNames(event.DefaultInstance, event.DefaultStream),
		Policy:     queue.Default(),
		MaxWorkers: 6, MaxWaiting: 100, MaxAttempts: 3, CreateConcurrency: 4, DeleteConcurrency: 2,
		PendingTimeout: 15 * time.Minute, StartTimeout: 10 * time.Minute, ImagePullTimeout: 2 * time.Minute,
		SucceededTTL: 30 * time.Second, FailedTTL: 10 * time.Minute,
	}
}

// TestStopStartsNothing: after the stop no new request is sent, and those in flight are finished.
func TestStopStartsNothing(t *testing.T) {
	m := modelWithPods(t, "2", "")
	for _, name := range m.podNames() {
		m.setPhase(name, PhaseSucceeded)
	}
	m.deliverWatch(9)
	m.step(stop{})
	m.commit(9, false)
	m.entries = append(m.entries, Entry{ID: event.ID{Ms: 2000}, Fields: eventtest.Fields()})
	m.deliverNew(1)
	m.commit(9, false)
	m.advanceTime(time.Hour)
	if n := len(m.removes) + len(m.creates); n != 0 {
		t.Errorf("%d requests after the stop", n)
	}
	if !m.core.idle() {
		t.Error("not idle after the stop")
	}
}
