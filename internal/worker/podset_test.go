package worker

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPodSet: the last observation of each Pod counts; sorted and any do not depend on the order of observations.
func TestPodSet(t *testing.T) {
	pod := func(name, uid string, slot, attempt int) Observation {
		return Observation{Ref: PodRef{name, uid}, Slot: slot, Attempt: attempt, Phase: PhaseRunning}
	}
	first, retried, second, replaced := pod("b", "1", 1, 1), pod("a", "1", 1, 2), pod("c", "1", 2, 1), pod("b", "2", 1, 1)
	ended, gone := second, pod("d", "1", 1, 1)
	ended.Phase, gone.Gone = PhaseFailed, true
	for _, order := range [][]Observation{
		{first, retried, second, ended, replaced, gone},
		{replaced, second, gone, ended, retried, first},
	} {
		active := 0
		p := newPodSet(&active)
		for i := range order {
			p.update(&order[i])
		}
		if diff := cmp.Diff([]Observation{retried, first, replaced, ended}, p.sorted()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if p.any() != retried.Ref || active != 3 {
			t.Errorf("any %v, %d active, want %v, 3", p.any(), active, retried.Ref)
		}
		p.removeIf(func(o *Observation) bool { return o.Ref.Name == "b" })
		if p.len() != 2 || active != 1 {
			t.Errorf("%d Pods, %d active, after two are gone, want 2, 1", p.len(), active)
		}
		if p.clear(); p.len() != 0 || active != 0 {
			t.Errorf("%d Pods, %d active, after all are forgotten", p.len(), active)
		}
	}
	if none := (podSet{}).any(); none != (PodRef{}) {
		t.Errorf("any of none is %v", none)
	}
}
