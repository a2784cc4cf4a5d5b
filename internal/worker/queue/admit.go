package queue

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Admit checks an event against the policy and resolves what it leaves to the operator: its queue, its class of priority, its
// start deadline, and its image's whole name. What comes out is recorded, so a later policy does not change it. How many
// events wait, and in how many unknown queues, is the caller's to check.
//
// A scale_down and a cancel only name a queue: their other fields start nothing and are not checked.
func (p *Policy) Admit(ev event.Event) (event.Event, *event.Rejection) {
	q, r := p.admitQueue(&ev)
	if r != nil || ev.Type != event.ScaleUp {
		return ev, r
	}
	for _, check := range []func(*event.Event, *QueuePolicy) *event.Rejection{admitTemplate, p.admitPriority, p.admitOverrides} {
		if r := check(&ev, &q); r != nil {
			return ev, r
		}
	}
	if ev.StartDeadline == 0 {
		ev.StartDeadline = q.StartDeadline
	}
	return ev, nil
}

// admitQueue rejects only what would start something: events of a queue that the operator has taken away can still be stopped.
func (p *Policy) admitQueue(ev *event.Event) (QueuePolicy, *event.Rejection) {
	q, known := p.Queues[ev.Queue]
	switch {
	case known:
		return q, nil
	case p.Unknown == UnknownOwn, p.Unknown == UnknownReject && ev.Type != event.ScaleUp:
		return p.Defaults, nil
	case p.Unknown == UnknownReject:
		return q, event.Reject(event.CodeUnknownQueue, "there is no queue %q: want one of %s", ev.Queue, p.queueNames())
	}
	ev.Queue = event.DefaultQueue
	if q, known = p.Queues[event.DefaultQueue]; known {
		return q, nil
	}
	return p.Defaults, nil
}

func (p *Policy) queueNames() string {
	if len(p.Queues) == 0 {
		return "none (the operator has configured no queue)"
	}
	return some(slices.Sorted(maps.Keys(p.Queues)))
}

// admitTemplate: the built-in template has the empty name, which only `*` and an empty pattern match.
func admitTemplate(ev *event.Event, q *QueuePolicy) *event.Rejection {
	for _, pattern := range q.Templates {
		if ok, _ := path.Match(pattern, ev.Template); ok { // a malformed one was refused when it was read
			return nil
		}
	}
	if ev.Template == "" {
		return event.Reject(event.CodeNotAllowed, "queue %q does not allow the built-in template: name one of %s", ev.Queue, some(q.Templates))
	}
	return event.Reject(event.CodeNotAllowed, "queue %q does not allow the template %q: want one of %s",
		ev.Queue, ev.Template, some(q.Templates))
}

func (p *Policy) admitPriority(ev *event.Event, q *QueuePolicy) *event.Rejection {
	if ev.Priority == "" {
		ev.Priority = q.Priority
		return nil
	}
	n, known := p.Classes[ev.Priority]
	if !known || n > p.Classes[q.MaxPriority] {
		return event.Reject(event.CodePriority, "priority is %q: queue %q allows %s", ev.Priority, ev.Queue, some(p.classesUpTo(q.MaxPriority)))
	}
	return nil
}

// classesUpTo are the classes that a queue allows, the lowest first.
func (p *Policy) classesUpTo(highest string) []string {
	allowed := slices.DeleteFunc(slices.Sorted(maps.Keys(p.Classes)), func(c string) bool { return p.Classes[c] > p.Classes[highest] })
	slices.SortStableFunc(allowed, func(a, b string) int { return p.Classes[a] - p.Classes[b] })
	return allowed
}

// some lists names or patterns for a producer, not all of a thousand.
func some(names []string) string {
	const most = 10
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
