package worker

import "testing"

// TestRetriesWithCapacityFirst: a slot without a place must not wait in front of those that hold all places.
func TestRetriesWithCapacityFirst(t *testing.T) {
	s, l := newState(testSettings()), &templateQueue{}
	without, with := &slot{number: 1}, &slot{number: 2, holdsCapacity: true}
	l.retries.add(without)
	l.retries.add(with)
	if s.takeSlot(l) != with || s.takeSlot(l) != without {
		t.Error("the slot without a place goes first")
	}
}
