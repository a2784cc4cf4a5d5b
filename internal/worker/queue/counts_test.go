package queue

import (
	"slices"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// TestWithdraw: a choice that is taken back leaves nothing behind: neither its place nor its permit, and its credit is good for
// another POST.
func TestWithdraw(t *testing.T) {
	w, _ := quotaWorld(t)
	p := w.s.Occupy(w.jobs[0].ref)
	w.s.Release(&p)
	slots := w.s.WaitingSlots()
	for range 2 {
		c, ok := w.s.Next(w.now, 10)
		if !ok || !c.Credit {
			t.Fatalf("the freed place is not tried for: %+v, %v", c, ok)
		}
		w.s.Withdraw(c)
		if w.s.Credits() != 1 || w.s.Creating() != 0 || w.s.WaitingSlots() != slots {
			t.Errorf("withdrawn, there are %d credits, %d POSTs, %d slots", w.s.Credits(), w.s.Creating(), w.s.WaitingSlots())
		}
		audit(t, w.s, nil)
	}
}

// TestQueuesAreCounted: what admission asks before an event is accepted.
func TestQueuesAreCounted(t *testing.T) {
	s := New(Limits{Create: 8}, policy(map[string]QueuePolicy{"web": {Weight: 1}}, nil))
	a := s.Add(Entry{ID: event.ID{Ms: 1}, Queue: "ml", Slots: 2, Fields: map[string]string{"pod_count": "2"}})
	b := s.Add(Entry{ID: event.ID{Ms: 2}, Queue: "ml", Slots: 3})
	if !s.Knows("web") || !s.Knows("ml") || s.Knows("data") {
		t.Error("web is configured and ml has events: these two are known")
	}
	if n := s.UnnamedQueues(); n != 1 {
		t.Errorf("%d queues are not in the policy, want ml alone", n)
	}
	if s.WaitingIn("ml") != 2 || s.WaitingIn("web") != 0 || s.WaitingIn("data") != 0 || s.WaitingSlots() != 5 {
		t.Errorf("%d events wait in ml, with %d slots in all", s.WaitingIn("ml"), s.WaitingSlots())
	}
	if packed := slices.Collect(s.AllPacked()); !slices.Equal(packed, []Ref{a}) || s.PackedEvents() != 1 {
		t.Errorf("packed: %v, %d", packed, s.PackedEvents())
	}
	s.Remove(a)
	s.Remove(b)
	if s.Knows("ml") || s.UnnamedQueues() != 0 || s.PackedEvents() != 0 || s.WaitingSlots() != 0 {
		t.Error("ml is known without events")
	}
}
