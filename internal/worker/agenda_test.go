package worker

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// TestSteps: whatever waits, no step emits more than maxEffects for it.
func TestSteps(t *testing.T) {
	for name, do := range map[string]func(m *model){
		"cancel": func(m *model) { m.sendCancel([]string{"task_id", "t"}, [3]event.ID{}) },
		"scale_down": func(m *model) {
			m.add(eventtest.Fields("type", "scale_down", "pod_count", "1000", "task_id", "t"))
			m.deliverNew(1)
		},
		"start deadline": func(m *model) { m.advanceTime(time.Hour) },
		"refusal": func(m *model) {
			m.answer(20*time.Minute, 5*time.Second, map[string]string{"": "refused"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			set := testSettings()
			set.MaxWorkers = 4
			m := newModel(set, t.Fatalf)
			for range 5 {
				m.add(eventtest.Fields("pod_count", "1000", "task_id", "t", "start_deadline_seconds", "1800"))
			}
			m.deliverNew(9)
			m.commit(9, false)
			do(m)
			for range 100 {
				m.commit(len(m.writes), false)
				m.step(tick{})
			}
			if m.largestStep > maxEffects+10 || m.largestStep < 100 {
				t.Errorf("the largest step has %d effects, want about %d", m.largestStep, maxEffects)
			}
		})
	}
}
