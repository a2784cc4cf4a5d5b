package metrics

import (
	"maps"
	"slices"
	"sync/atomic"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

// catalog bounds the labels that the operator's files name: queues and templates. A reload replaces it as a whole.
type catalog struct{ current atomic.Pointer[configured] }

type configured struct {
	policy    *queue.Policy
	templates []string // names; the built-in one has none
}

func newCatalog(policy *queue.Policy, templates []string) *catalog {
	c := &catalog{}
	c.replace(policy, templates)
	return c
}

// replace takes a nil policy as one that configures no queue.
func (c *catalog) replace(policy *queue.Policy, templates []string) {
	if policy == nil {
		policy = &queue.Policy{}
	}
	c.current.Store(&configured{policy, templates})
}

// queues are the values of the label: the configured queues, the default one, and other.
func (c *catalog) queues() []string {
	names := slices.Sorted(maps.Keys(c.current.Load().policy.Queues))
	if !slices.Contains(names, event.DefaultQueue) {
		names = append(names, event.DefaultQueue)
	}
	return append(names, other)
}

func (c *catalog) queue(name string) string {
	if _, found := c.current.Load().policy.Queues[name]; found || name == event.DefaultQueue {
		return name
	}
	return other
}

// policyOf is that of each queue behind a label.
func (c *catalog) policyOf(label string) queue.QueuePolicy {
	policy := c.current.Load().policy
	q, found := policy.Queues[label]
	if !found {
		q = policy.Defaults
	}
	q.Weight = max(1, q.Weight)
	return q
}

// templates are the values of the label: the built-in one, and those of the operator's folder.
func (c *catalog) templates() []string {
	return append([]string{builtIn}, c.current.Load().templates...)
}

func (c *catalog) template(name string) string {
	switch {
	case name == "":
		return builtIn
	case slices.Contains(c.current.Load().templates, name):
		return name
	}
	return other
}
