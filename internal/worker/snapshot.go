package worker

import "slices"

// Snapshot is how things stand at one moment of a term.
type Snapshot struct {
	EventsOpen    int // accepted and not closed
	EventsWaiting int // of those, the ones that have workers to start
	MaxWaiting    int

	// Workers by what they do. All but the first hold capacity.
	WorkersWaiting  int // for capacity, or for the backoff before the next attempt to end
	WorkersCreating int // their POST is in flight
	WorkersStarting int // their Pod exists and does not run yet
	WorkersRunning  int
	WorkersUnknown  int // the watch does not show their Pod, or the reply to its POST was lost; the API server is asked

	CapacityAvailable int // how many more workers may have a Pod now
	MaxWorkers        int

	PodsRetained int      // of ended workers, until their TTL is over, or being deleted
	Parked       []string // the templates of which some queue's Pods are not accepted, sorted

	Queues       []QueueView // those that are configured or have open events
	AllPaused    bool        // somebody paused all queues at once
	CreateLimit  int         // how many POSTs may be in flight now
	QuotaCredits int         // places freed under a full quota that were not tried again yet
}

// snapshot changes nothing.
func (s *state) snapshot() Snapshot {
	snap := Snapshot{MaxWaiting: s.MaxWaiting, MaxWorkers: s.MaxWorkers, PodsRetained: len(s.removals.byPod)}
	snap.CapacityAvailable = max(0, s.capacity())
	snap.EventsWaiting, snap.WorkersWaiting = s.scheduler.Len(), s.scheduler.WaitingSlots()
	snap.EventsOpen = s.scheduler.PackedEvents()
	snap.Queues, snap.CreateLimit, snap.QuotaCredits = s.queueViews(), s.scheduler.Limit(), s.scheduler.Credits()
	_, snap.AllPaused = s.controls.paused[AllQueues]
	for _, q := range snap.Queues {
		for _, l := range q.Lanes {
			snap.Parked = append(snap.Parked, l.Template)
		}
	}
	slices.Sort(snap.Parked)
	snap.Parked = slices.Compact(snap.Parked)
	for _, e := range s.events {
		if e.recorded && !e.closed {
			snap.EventsOpen++
		}
		for i := range e.slots {
			snap.count(&e.slots[i])
		}
	}
	return snap
}

func (snap *Snapshot) count(sl *slot) {
	switch sl.phase {
	case slotBackoff:
		if sl.selectedBy == nil {
			snap.WorkersWaiting++
		}
	case slotCreating:
		snap.WorkersCreating++
	case slotUnverified, slotAmbiguous:
		snap.WorkersUnknown++
	case slotActive:
		if sl.running {
			snap.WorkersRunning++
		} else {
			snap.WorkersStarting++
		}
	case slotWaiting, slotEnding, slotEnded: // the scheduler counts those that wait
	}
}
