package worker

// Summary is how far an event has come, for people.
type Summary struct {
	State   string // waiting, starting, running or closed
	Waiting int    // workers that have no Pod
	WithPod int    // workers that have one, and no outcome
	Counts  Counts // of all outcomes so far
}

// The states of a Summary.
const (
	EventWaiting  = "waiting"
	EventStarting = "starting"
	EventRunning  = "running"
	EventClosed   = "closed"
)

// Summary counts its slots. The commands and the API call it.
func (r *Record) Summary() Summary {
	p := Summary{State: EventWaiting, Counts: r.Counts}
	if r.Closed {
		p.State = EventClosed
		return p
	}
	for i := range r.Slots {
		switch s := r.Slots[i].State; {
		case s.IsOutcome():
			p.Counts.Add(s, 1)
		case s == "" || s == StateRetrying:
			p.Waiting++
		default:
			p.WithPod++
		}
	}
	switch {
	case r.Settled:
		p.State = EventRunning
	case p.WithPod+p.Counts.Total() > 0:
		p.State = EventStarting
	}
	return p
}
