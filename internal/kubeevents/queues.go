package kubeevents

import (
	"fmt"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// paused records that somebody paused or resumed a queue.
func (e *Emitter) paused(p worker.Pause) {
	queue := "queue " + p.Queue
	if p.Queue == worker.AllQueues {
		queue = "all queues"
	}
	if !p.On {
		e.to.Record(queueResumed.ending(p.Queue, fmt.Sprintf("%s resumed %s", p.By, queue)))
		return
	}
	e.emit(queuePaused, errcode.QueuePaused, p.Queue, fmt.Sprintf("%s paused %s: %q", p.By, queue, p.Reason))
}

// lane is one that the API server accepts no Pods of.
type lane struct{ template, shape string }

// openLanes are those of each queue, as last published.
type openLanes map[string]map[lane]bool

// viewed records the breakers that opened or closed since the last view of their queue. One that opens and closes between two
// views needs no person.
func (e *Emitter) viewed(v worker.View, open openLanes) {
	for i := range v.Queues {
		q := &v.Queues[i]
		before, now := open[q.Name], make(map[lane]bool)
		for j := range q.Lanes {
			l := &q.Lanes[j]
			if l.State != worker.LaneOpen {
				continue
			}
			key := lane{l.Template, l.Shape}
			if now[key] = true; !before[key] {
				e.opened(q.Name, l)
			}
			delete(before, key)
		}
		for key := range before {
			e.closed(q.Name, key)
		}
		if open[q.Name] = now; len(now) == 0 {
			delete(open, q.Name)
		}
	}
	for _, name := range v.Gone { // nothing of it waits any more
		delete(open, name)
	}
}

func (e *Emitter) opened(queue string, l *worker.LaneView) {
	message := fmt.Sprintf("queue %s: the API server accepts no Pods of %s (%s): %s", queue, templateName(l.Template), l.Cause, l.Message)
	e.emit(breakerOpen, errcode.BreakerOpen, l.Template+"/"+l.Cause, message)
}

func (e *Emitter) closed(queue string, l lane) {
	message := fmt.Sprintf("queue %s: the API server accepts Pods of %s again", queue, templateName(l.template))
	e.to.Record(breakerClosed.ending(l.template, message))
}

// templateName is the name of a template for people.
func templateName(name string) string {
	if name == "" {
		return "the built-in template"
	}
	return fmt.Sprintf("template %q", name)
}
