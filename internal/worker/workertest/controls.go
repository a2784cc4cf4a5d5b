package workertest

import (
	"context"
	"maps"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// controls is the worker.Controls of a Redis: its control stream, and what is paused.
type controls struct{ redis *Redis }

// Controls returns worker.Controls on the same Redis as the records.
func (r *Redis) Controls() worker.Controls { return controls{r} }

// Send appends a command of an operator, and returns its ID.
func (r *Redis) Send(cmd worker.Command) event.ID {
	r.mu.Lock()
	defer r.mu.Unlock()
	cmd.ID = event.ID{Ms: uint64(len(r.commands) + 1)}
	r.commands = append(r.commands, cmd)
	return cmd.ID
}

// Load is worker.Controls'.
func (c controls) Load(context.Context) (map[string]worker.Paused, event.ID, error) {
	c.redis.mu.Lock()
	defer c.redis.mu.Unlock()
	return maps.Clone(c.redis.paused), c.redis.applied, c.redis.fail
}

// Read is worker.Controls'.
func (c controls) Read(_ context.Context, after event.ID) ([]worker.Command, error) {
	c.redis.mu.Lock()
	defer c.redis.mu.Unlock()
	var later []worker.Command
	for _, cmd := range c.redis.commands {
		if cmd.ID.Compare(after) > 0 {
			later = append(later, cmd)
		}
	}
	return later, c.redis.fail
}

// pause applies a command of an operator.
func (r *Redis) pause(w worker.Pause) {
	r.applied = w.Command
	if w.On {
		r.paused[w.Queue] = worker.Paused{By: w.By, At: w.At, Reason: w.Reason}
		r.publish(Status{Kind: "paused"})
		return
	}
	delete(r.paused, w.Queue)
	r.publish(Status{Kind: "resumed"})
}
