package worker

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// TestRetriesOrder: a retry without capacity must not wait in front of those that hold all of it.
func TestRetriesOrder(t *testing.T) {
	for name, c := range map[string]struct {
		holds []bool // of the slots 1.. in the order they are added
		want  []int
	}{
		"none holds capacity":    {[]bool{false, false, false}, []int{1, 2, 3}},
		"all hold capacity":      {[]bool{true, true, true}, []int{1, 2, 3}},
		"the last one holds":     {[]bool{false, false, true}, []int{3, 1, 2}},
		"each kind in its order": {[]bool{false, true, false, true}, []int{2, 4, 1, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			var r retries
			for i, holds := range c.holds {
				r.add(&slot{number: i + 1, holdsCapacity: holds})
			}
			if want := c.holds[c.want[0]-1]; r.headHoldsCapacity() != want {
				t.Errorf("the head holds capacity: %v, want %v", !want, want)
			}
			var got []int
			for len(r) > 0 {
				got = append(got, r.take().number)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("slots (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRetriesRemove(t *testing.T) {
	var r retries
	first, second := &slot{number: 1}, &slot{number: 2}
	r.add(first)
	r.add(second)
	r.remove(first)
	r.remove(&slot{number: 2}) // another slot
	if len(r) != 1 || r.take() != second {
		t.Errorf("the retries are %v, want slot 2", r)
	}
}

// TestStartedEvents: they are kept in stream order, each once, and pruned when no slot is left to start.
func TestStartedEvents(t *testing.T) {
	var s startedEvents
	for _, ms := range []uint64{3, 1, 2} {
		s.add(startedAt(ms))
	}
	s.add(s[0]) // it is queued already
	s[0].nextSlot = 1
	s[1].slots[0].phase = slotActive
	s.prune()
	if len(s) != 1 || s[0].EventID != (event.ID{Ms: 3}) {
		t.Errorf("%d events are left, want event 3 alone", len(s))
	}
}
