package cli

import (
	"context"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/app"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// queueFacts are what is known of the queues, as far as it concerns one event.
type queueFacts struct {
	paused    map[string]worker.Paused
	queues    []worker.QueueView // as the leader published them; none: it has not
	refusedAt time.Time          // first refusal of one of its Pods; zero: none
	timeout   time.Duration      // OTTO_PENDING_TIMEOUT of this shell
	ahead     int                // events of its queue with workers to start that were sent before it
	mixed     bool               // not all waiting events of its queue have its priority, so ahead is about
	left      []string           // of a scale_down or cancel: its workers without an outcome
	now       time.Time
}

// view is how the event's queue stands; nil: that is not published.
func (q *queueFacts) view(queue string) *worker.QueueView {
	for i := range q.queues {
		if q.queues[i].Name == queue {
			return &q.queues[i]
		}
	}
	return nil
}

// loadQueues reads what the queues say about an open event.
func (d *deps) loadQueues(ctx context.Context, f *facts, open []worker.Record) (err error) {
	f.now, f.timeout = time.Now(), d.cfg.Workers.PendingTimeout
	e := &f.record.Event
	switch e.Type {
	case event.ScaleDown:
		f.left = leftOf(open, app.Names(d.cfg), selectedBy(f.record.Victims))
		return nil
	case event.Cancel:
		f.left = leftOf(open, app.Names(d.cfg), func(victim *event.Event, _ int) bool { return cancels(e, victim) })
		return nil
	case event.ScaleUp:
	}
	f.ahead, f.mixed = countAhead(open, e)
	if f.paused, err = d.reader.Paused(ctx); err != nil {
		return err
	}
	if f.queues, err = d.reader.Queues(ctx); err != nil {
		return err
	}
	f.refusedAt, err = d.reader.RefusedAt(ctx, f.id)
	return err
}

// countAhead counts the events of a queue that wait and were sent before one of them.
func countAhead(open []worker.Record, e *event.Event) (ahead int, mixed bool) {
	for i := range open {
		other := &open[i].Event
		if other.EventID == e.EventID || other.Type != event.ScaleUp || queueOf(other) != queueOf(e) {
			continue
		}
		if viewEvent(&open[i], other.EventID.Time()).Waiting == 0 {
			continue
		}
		mixed = mixed || other.Priority != e.Priority
		if other.EventID.Compare(e.EventID) < 0 {
			ahead++
		}
	}
	return ahead, mixed
}

// cancels reports whether a cancel takes the workers of an event: of its target, or of its task and queue, if sent before.
func cancels(c, other *event.Event) bool {
	if other.Type != event.ScaleUp || other.EventID.Compare(c.EventID) >= 0 {
		return false
	}
	if !c.Target.IsZero() {
		return other.EventID == c.Target
	}
	return other.TaskID() == c.TaskID() && queueOf(other) == queueOf(c)
}

func selectedBy(victims []worker.Victim) func(e *event.Event, slot int) bool {
	selected := make(map[worker.Victim]bool, len(victims))
	for _, v := range victims {
		selected[v] = true
	}
	return func(e *event.Event, slot int) bool { return selected[worker.Victim{Event: e.EventID, Slot: slot}] }
}

// leftOf are the names of the selected workers that have no outcome.
func leftOf(open []worker.Record, names event.Names, selected func(e *event.Event, slot int) bool) []string {
	var left []string
	for i := range open {
		rec := &open[i]
		for slot := range rec.Slots {
			if !rec.Slots[slot].State.IsOutcome() && selected(&rec.Event, slot+1) {
				left = append(left, names.Worker(rec.Event.EventID, slot+1))
			}
		}
	}
	return left
}
