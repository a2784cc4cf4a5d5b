package worker

// Snapshot is how things stand at one moment of a term.
type Snapshot struct {
	EventsOpen    int // taken in and not closed
	EventsWaiting int // of those, the ones that have workers to start
	MaxWaiting    int

	// Workers by what they do. All but the first and those between two attempts have a place in room.
	WorkersWaiting  int // for room, or for the pause before the next attempt to end
	WorkersCreating int // their Pod is asked for
	WorkersStarting int // their Pod exists and does not run yet
	WorkersRunning  int
	WorkersUnknown  int // their Pod left our sight, and the API server is asked

	CapacityAvailable int // how many more workers may live now
	MaxWorkers        int

	PodsRetained int      // of ended workers, until their TTL is over, or leaving
	Parked       []string // the templates whose Pods the API server refuses, sorted
}

// snapshot changes nothing.
func (s *state) snapshot() Snapshot {
	snap := Snapshot{MaxWaiting: s.MaxWaiting, MaxWorkers: s.MaxWorkers, PodsRetained: len(s.removals)}
	snap.CapacityAvailable = max(0, s.MaxWorkers-s.live-s.strangers())
	for _, name := range s.order {
		l := s.lines[name]
		snap.EventsWaiting += l.len()
		snap.EventsOpen += len(l.waiting)
		for i := range l.waiting {
			snap.WorkersWaiting += l.waiting[i].slots
		}
		if !l.parkedSince.IsZero() {
			snap.Parked = append(snap.Parked, name)
		}
	}
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
	case slotWaits, slotPauses, slotAgain:
		if sl.doom == nil {
			snap.WorkersWaiting++
		}
	case slotCreating:
		snap.WorkersCreating++
	case slotChecked:
		snap.WorkersUnknown++
	case slotLives:
		if sl.running {
			snap.WorkersRunning++
		} else {
			snap.WorkersStarting++
		}
	case slotEnding, slotEnded:
	}
}
