package worker

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// TestChangedAnnotations: the answer to a check by UID counts for the slot that was checked, whatever the Pod's annotations
// say by now.
func TestChangedAnnotations(t *testing.T) {
	for name, annotated := range map[string]Observation{
		"nothing":       {},
		"another slot":  {Event: event.ID{Ms: 1000}, Slot: 2, Attempt: 1},
		"no such slot":  {Event: event.ID{Ms: 1000}, Slot: 1 << 30, Attempt: 1},
		"below zero":    {Event: event.ID{Ms: 1000}, Slot: -1, Attempt: -1},
		"unknown event": {Event: event.ID{Ms: 7, Seq: 7}, Slot: 1, Attempt: 1},
	} {
		t.Run(name, func(t *testing.T) {
			m := modelWithPods(t, "2", "")
			m.commit(9, false)
			pod := m.podNames()[0]
			m.setPhase(pod, PhaseRunning)
			m.deliverWatch(9)
			m.watched = append(m.watched, m.pods[pod].obs)
			m.watched[0].Gone = true // its labels were removed
			m.deliverWatch(1)
			seen := m.pods[pod].obs
			seen.Event, seen.Slot, seen.Attempt = annotated.Event, annotated.Slot, annotated.Attempt
			seen.Phase, seen.Message = PhaseFailed, name
			m.step(checked{check: m.requests[0].(check), pod: &seen})
			m.requests = nil
			if got := m.outcome(1); got.State != StateFailed {
				t.Errorf("slot 1 is %+v, want failed", got)
			}
			if got := m.outcome(2); got.State.IsOutcome() {
				t.Errorf("slot 2 is %+v, want no outcome", got)
			}
		})
	}
}

func TestStuckPodIsDeletedAtOnce(t *testing.T) {
	m := modelWithPods(t, "1", "")
	name := m.podNames()[0]
	m.pods[name].obs.Node, m.pods[name].obs.Waiting, m.pods[name].obs.Reason = "n", WaitingImage, "ErrImagePull"
	m.showPod(name)
	m.deliverWatch(9)
	m.advanceTime(time.Minute)
	if got := m.outcome(1); got.State.IsOutcome() {
		t.Fatalf("%s after a minute: the timeout is two", got.State)
	}
	m.advanceTime(time.Minute)
	if got := m.outcome(1); got.State != StateFailed || got.Reason != "ErrImagePull" {
		t.Errorf("outcome %+v, want failed (ErrImagePull)", got)
	}
	if len(m.removes) != 1 {
		t.Errorf("%d DELETEs, want 1 at once: the Pod holds resources", len(m.removes))
	}
}

func TestEvictedWorkerGetsAnotherAttempt(t *testing.T) {
	m := modelWithPods(t, "1", "")
	for attempt := 1; attempt <= 3; attempt++ {
		names := m.podNames()
		name := names[len(names)-1] // -r2 sorts after the first
		m.pods[name].obs.Disrupted, m.pods[name].obs.Reason = true, "Evicted"
		m.setPhase(name, PhaseFailed)
		m.deliverWatch(9)
		got := m.outcome(1)
		if attempt == 3 {
			if got.State != StateFailed || got.Reason != "Evicted" || got.Attempt != 3 {
				t.Errorf("after three attempts: %+v, want failed (Evicted)", got)
			}
			break
		}
		if got.State != StateRetrying || got.Attempt != attempt {
			t.Fatalf("after attempt %d: %+v", attempt, got)
		}
		m.advanceTime(time.Minute)
		m.serveCreate(0, "")
		m.deliverReply(0)
		m.commit(9, false)
	}
	m.runToEnd()
	m.checkEnd()
}
