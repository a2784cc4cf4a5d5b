package worker

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRanIsKept: of what the loop has not taken yet, that a Pod ran is not lost: a kubelet that restarts wipes it.
func TestRanIsKept(t *testing.T) {
	a, b := PodRef{"a", "1"}, PodRef{"b", "2"}
	for name, c := range map[string]struct {
		before, after []Observation
		complete      bool // after
		want          []Observation
	}{
		"the last one counts": {
			[]Observation{{Ref: a}, {Ref: b}}, []Observation{{Ref: a, Node: "n"}}, false, []Observation{{Ref: a, Node: "n"}, {Ref: b}},
		},
		"it ran, and its status was wiped": {
			[]Observation{{Ref: a, Phase: PhaseRunning, Ran: true}},
			[]Observation{{Ref: a, Phase: PhaseFailed, Rejected: true}},
			false,
			[]Observation{{Ref: a, Phase: PhaseFailed, Rejected: true, Ran: true}},
		},
		"it ran, then a relist shows it wiped": {
			[]Observation{{Ref: a, Phase: PhaseRunning, Ran: true}},
			[]Observation{{Ref: a, Phase: PhaseFailed, Rejected: true}},
			true,
			[]Observation{{Ref: a, Phase: PhaseFailed, Rejected: true, Ran: true}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newObservationBuffer()
			s.put(c.before, false)
			s.put(c.after, c.complete)
			got := s.take()
			if diff := cmp.Diff(c.want, got.batch); diff != "" || got.complete != c.complete {
				t.Errorf("complete %v (-want +got):\n%s", got.complete, diff)
			}
		})
	}
}
