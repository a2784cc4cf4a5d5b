//go:build real

package faults

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// load is the producers.
type load struct {
	c      *scenario
	random *rand.Rand
	queues []string // of the events; none: they name no queue
	group  sync.WaitGroup
	cancel context.CancelFunc

	mu   sync.Mutex
	sent map[string]int  // events whose XADD was answered, and their pod_count
	bad  map[string]bool // entries that become dead letters
	// maybe: events that may have been lost by Redis before they were accepted.
	maybe map[string]bool
}

func newLoad(c *scenario) *load {
	return &load{
		c: c, random: rand.New(rand.NewPCG(seed+1, uint64(c.fault.number))), cancel: func() {},
		sent: map[string]int{}, bad: map[string]bool{}, maybe: map[string]bool{},
	}
}

// steadyDown sends scale_downs of a few workers at this rate until stop; call it after steady.
func (l *load) steadyDown(perSecond int) {
	l.more(perSecond, func() []any { return []any{"type", "scale_down", "pod_count", 1 + l.random.IntN(4)} })
}

// steadyCancel sends cancels of tasks at this rate until stop; call it after steady, which uses the same tasks.
func (l *load) steadyCancel(perSecond int) {
	l.more(perSecond, func() []any {
		return []any{"type", "cancel", "task_id", l.task(), "queue", l.queues[l.random.IntN(len(l.queues))]}
	})
}

// more sends further entries until stop.
func (l *load) more(perSecond int, next func() []any) {
	up, ctx := l.cancel, l.c.t.Context()
	ctx, cancel := context.WithCancel(ctx)
	l.cancel = func() { up(); cancel() }
	l.every(ctx, time.Second/time.Duration(perSecond), func() []any {
		l.mu.Lock()
		defer l.mu.Unlock()
		return next()
	})
}

// task is one of those that events belong to: of a few if they are to be cancelled, so that most cancels find some.
func (l *load) task() string {
	if len(l.queues) > 0 {
		return fmt.Sprintf("task-%d", l.random.IntN(5))
	}
	return fmt.Sprintf("task-%d", l.random.IntN(1000))
}

// steady sends events at this rate until stop, most of them small and quick.
func (l *load) steady(perSecond int) {
	ctx, cancel := context.WithCancel(l.c.t.Context())
	l.cancel = cancel
	l.every(ctx, time.Second/time.Duration(perSecond), l.mixed)
}

// every sends an entry at each tick until ctx ends.
func (l *load) every(ctx context.Context, pace time.Duration, next func() []any) {
	l.group.Go(func() {
		ticker := time.NewTicker(pace)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				_, _ = l.add(ctx, "", next()) // an entry without a reply may be in the stream: check looks there
			case <-ctx.Done():
				return
			}
		}
	})
}

// stop ends steady.
func (l *load) stop() {
	l.cancel()
	l.group.Wait()
}

// mixed are the fields of an event of any size.
func (l *load) mixed() []any {
	l.mu.Lock()
	defer l.mu.Unlock()
	pods, task := []int{1, 1, 1, 2, 3, 5}[l.random.IntN(6)], l.task()
	fields := []any{"type", "scale_up", "pod_count", pods, "task_id", task}
	if l.random.IntN(5) > 0 {
		fields = append(fields, "template", "quick")
	}
	if len(l.queues) > 0 {
		fields = append(fields, "queue", l.queues[l.random.IntN(len(l.queues))])
	}
	return fields
}

// add sends one entry, with the given ID unless it is empty.
func (l *load) add(ctx context.Context, id string, fields []any) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	id, err := l.c.Redis.XAdd(ctx, &goredis.XAddArgs{Stream: harness.Stream, ID: id, Values: fields}).Result()
	if err != nil {
		return "", err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := wanted(fields); n > 0 {
		l.sent[id] = n
	}
	return id, nil
}

// wanted is the number of workers that an entry asks for.
func wanted(fields []any) int {
	if fields[1] != "scale_up" {
		return 0
	}
	for i := 0; i < len(fields); i += 2 {
		if n, ok := fields[i+1].(int); fields[i] == "pod_count" && ok {
			return n
		}
	}
	return 0
}

// event sends one event and returns its ID.
func (c *scenario) event(pods int, template string) string {
	c.t.Helper()
	return c.add("type", "scale_up", "pod_count", pods, "template", template)
}

// add sends one entry.
func (c *scenario) add(fields ...any) string {
	c.t.Helper()
	id, err := c.load.add(c.t.Context(), "", fields)
	if err != nil {
		c.t.Fatal(err)
	}
	return id
}

// burst sends n events of any size at once.
func (c *scenario) burst(n int) {
	c.t.Helper()
	for range n {
		if _, err := c.load.add(c.t.Context(), "", c.load.mixed()); err != nil {
			c.t.Fatal(err)
		}
	}
}
