package worker

import (
	"container/heap"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"time"
)

// timer wakes one slot, removal or orphan. It is not cancelled: who is woken looks whether it still wants to be.
type timer struct {
	at      time.Time
	slot    *slot    // or
	removal *removal // this, or
	orphan  event.ID // this
}

// timers is a heap of them, the earliest first.
type timers []timer

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].at.Before(t[j].at) }
func (t timers) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }

// Push and Pop are for container/heap alone.
func (t *timers) Push(x any) { *t = append(*t, x.(timer)) }

// Pop is Push's counterpart.
func (t *timers) Pop() any {
	old := *t
	last := old[len(old)-1]
	old[len(old)-1] = timer{}
	*t = old[:len(old)-1]
	return last
}

func (t *timers) set(x timer) { heap.Push(t, x) }

func (t timers) next() time.Time {
	if len(t) == 0 {
		return time.Time{}
	}
	return t[0].at
}

// ring wakes whatever is due.
func (s *state) ring() {
	for len(s.timers) > 0 && !s.timers[0].at.After(s.now) {
		t := heap.Pop(&s.timers).(timer)
		switch {
		case t.slot != nil && t.slot.wake.Equal(t.at):
			s.wake(t.slot)
		case t.removal != nil && t.removal.phase == removalWaits && t.removal.at.Equal(t.at):
			t.removal.phase = removalDue
			s.due = append(s.due, t.removal)
		case !t.orphan.IsZero() && s.orphans[t.orphan] != nil && s.orphans[t.orphan].wake.Equal(t.at):
			s.identify(t.orphan)
		}
	}
	for _, name := range s.order {
		s.expire(s.lines[name])
	}
}
