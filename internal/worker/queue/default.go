package queue

import "time"

// The names of the priority classes that there are without the operator's own.
const (
	Low    = "low"
	Normal = "normal"
	High   = "high"
)

// Default is the policy of an operator who has none: each queue gets the same, no queue or template has a cap of its own, and
// no event changes its template.
func Default() *Policy {
	return &Policy{
		Aging:     10 * time.Minute,
		Classes:   map[string]int{Low: -1, Normal: 0, High: 1},
		Unknown:   UnknownOwn,
		MaxQueues: 1000,
		Defaults:  QueuePolicy{Weight: 1, Priority: Normal, MaxPriority: Normal, Templates: []string{"*"}},
	}
}

// ClassNumber is the number of a priority class, which the scheduler orders by. A class that the operator has taken away since
// the event was accepted counts as 0.
func (p *Policy) ClassNumber(class string) int { return p.Classes[class] }
