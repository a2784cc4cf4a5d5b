package worker

import (
	"container/heap"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// timer wakes one slot, removal or orphan. It is not cancelled: who is woken checks whether it still applies.
type timer struct {
	at      time.Time
	slot    *slot    // or
	removal *removal // this, or
	orphan  event.ID // this
}

// timers are a heap, the earliest first.
type timers struct{ heap timerHeap }

func (t *timers) set(x timer) { heap.Push(&t.heap, x) }

// next is when the earliest one is due; zero: there is none.
func (t *timers) next() time.Time {
	if len(t.heap) == 0 {
		return time.Time{}
	}
	return t.heap[0].at
}

// take takes the earliest one off if it is due.
func (t *timers) take(now time.Time) (timer, bool) {
	if len(t.heap) == 0 || t.heap[0].at.After(now) {
		return timer{}, false
	}
	return heap.Pop(&t.heap).(timer), true
}

type timerHeap []timer

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h timerHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push and Pop are for container/heap alone.
func (h *timerHeap) Push(x any) { *h = append(*h, x.(timer)) }

// Pop is Push's counterpart.
func (h *timerHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = timer{}
	*h = old[:len(old)-1]
	return last
}

// fireTimers wakes whatever is due.
func (s *state) fireTimers() {
	for {
		t, due := s.timers.take(s.now)
		if !due {
			break
		}
		switch {
		case t.slot != nil:
			if t.slot.wakeTime.Equal(t.at) {
				s.wake(t.slot)
			}
		case t.removal != nil:
			if t.removal.phase == removalWaiting && t.removal.at.Equal(t.at) {
				s.removals.makeDue(t.removal)
			}
		default:
			if orph := s.orphans.get(t.orphan); orph != nil && orph.wakeTime.Equal(t.at) {
				s.readOrigin(t.orphan)
			}
		}
	}
}
