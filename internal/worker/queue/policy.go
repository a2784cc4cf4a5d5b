package queue

import "time"

// UnknownMode says what becomes of an event of a queue that the policy does not name.
type UnknownMode string

// The modes.
const (
	UnknownOwn     UnknownMode = "own"     // it gets a queue of its own, with the defaults
	UnknownDefault UnknownMode = "default" // it goes to the queue `default`
	UnknownReject  UnknownMode = "reject"  // it is rejected
)

// Policy is the operator's: who gets how much. It is never changed after it was handed over; a reload makes a new one.
type Policy struct {
	Aging     time.Duration  // what one step of priority is worth
	Classes   map[string]int // priority classes, -10..10
	Unknown   UnknownMode
	MaxQueues int // unknown queues with open events; above: rejected
	Defaults  QueuePolicy
	Queues    map[string]QueuePolicy
	Templates map[string]TemplatePolicy
}

// QueuePolicy is one queue's.
type QueuePolicy struct {
	Weight        int64         // 1..1000
	MaxWorkers    int           // 0: no cap of its own
	MaxWaiting    int           // events; 0: no cap of its own
	StartDeadline time.Duration // for events without one; 0: none
	Priority      string        // class of events that name none
	MaxPriority   string        // the highest class
	Templates     []string      // patterns of path.Match
}

// TemplatePolicy is one template's.
type TemplatePolicy struct {
	MaxWorkers int // 0: no cap of its own
	Overrides  Overrides
}

// Overrides are what an event may change of a template; the zero value: nothing.
type Overrides struct {
	Images      []string // patterns of normalised images: `*` within a path part, `**` across
	MilliCPU    int64    // the highest; 0: none
	MemoryBytes int64    // the highest; 0: none
}

// Queue is what holds for the queue of that name: its own policy, or the defaults.
func (p *Policy) Queue(name string) QueuePolicy {
	q, ok := p.Queues[name]
	if !ok {
		q = p.Defaults
	}
	q.Weight = max(q.Weight, 1)
	return q
}
