//go:build real

package faults

import (
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

var processFaults = []fault{
	{number: 1, name: "killed", ci: true, injected: checker.Fault{Killed: true}, run: killed},
	{number: 3, name: "stopped-in-a-burst", ci: true, injected: checker.Fault{Killed: true}, run: stopped},
	{number: 34, name: "ten-thousand-at-once", run: manyAtOnce},
	{number: 35, name: "small-memory", injected: checker.Fault{Redis: true}, run: smallMemory},
}

// killed: SIGKILL at any instant under load, also before the product is ready.
func killed(c *scenario) {
	kills := sized(c, 300, 60)
	c.load.steady(4)
	for range kills {
		p := c.launch()
		c.wait(time.Duration(c.random.IntN(1500)) * time.Millisecond)
		p.kill()
	}
	c.start()
	c.endFault()
	c.describe("%d SIGKILLs, each 0 to 1.5 s after the start", kills)
}

// stopped: SIGTERM during a burst shuts down cleanly, with no requests afterwards.
func stopped(c *scenario) {
	const rounds = 3
	for range rounds {
		p := c.start("OTTO_CREATE_CONCURRENCY=2")
		before := c.audit.created()
		c.event(100, "quick")
		c.Eventually("the burst to begin", func() error { return c.someCreated(before + 5) })
		at := time.Now()
		if code := p.stop(); code != 0 {
			c.t.Errorf("exit code %d after SIGTERM", code)
		}
		if c.audit.read(); c.audit.lastPost.After(at.Add(time.Second)) {
			c.t.Errorf("a POST %v after SIGTERM", c.audit.lastPost.Sub(at))
		}
	}
	c.start()
	c.describe("%d times SIGTERM while 100 Pods are being created: exit 0, no POST a second later", rounds)
}

// manyAtOnce: more one-Pod events at once than the capacity.
func manyAtOnce(c *scenario) {
	n := sized(c, 10_000, 500)
	c.start()
	c.send(n, "type", "scale_up", "pod_count", 1, "template", "quick")
	c.describe("%d one-Pod events in one pipeline, capacity 200", n)
}

// smallMemory: thousands of waiting events, and entries of many megabytes between them, within 64 MiB.
func smallMemory(c *scenario) {
	waiting, huge, limit := sized(c, 20_000, 2_000), sized(c, 10, 3), 64
	p := c.start("GOMEMLIMIT=56MiB", "OTTO_MAX_WORKERS=50")
	c.send(waiting/2, "type", "scale_up", "pod_count", 1, "template", "quick")
	for range huge {
		c.reject("type", "scale_up", "pod_count", 1, "big", strings.Repeat("x", 16<<20))
	}
	c.send(waiting/2, "type", "scale_up", "pod_count", 1, "template", "quick")
	c.endFault()
	c.waitIdle()
	if got := p.memory(); got > limit {
		c.t.Errorf("the peak memory is %d MiB", got)
	}
	c.describe("%d events wait for a capacity of 50, %d entries of 16 MiB between them: at most %d MiB (limit %d)",
		waiting, huge, p.memory(), limit)
}

// someCreated reports whether at least n Pods were created.
func (c *scenario) someCreated(n int) error {
	if created := c.audit.created(); created < n {
		return fmt.Errorf("%d of %d Pods were created", created, n)
	}
	return nil
}

// accepted reports whether at least n events are open.
func (c *scenario) accepted(n int) error {
	open, err := c.Redis.SCard(c.t.Context(), harness.OpenKey).Result()
	if err == nil && int(open) < n {
		err = fmt.Errorf("%d of %d are open", open, n)
	}
	return err
}

// send sends n equal events in one pipeline.
func (c *scenario) send(n int, fields ...any) {
	c.t.Helper()
	commands, err := c.Redis.Pipelined(c.t.Context(), func(p goredis.Pipeliner) error {
		for range n {
			p.XAdd(c.t.Context(), &goredis.XAddArgs{Stream: harness.Stream, Values: fields})
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.load.mu.Lock()
	defer c.load.mu.Unlock()
	for _, command := range commands {
		if added, ok := command.(*goredis.StringCmd); ok {
			c.load.sent[added.Val()] = wanted(fields)
		}
	}
}

// reject sends an invalid entry of any size.
func (c *scenario) reject(fields ...any) {
	c.t.Helper()
	slow := c.Redis.WithTimeout(time.Minute)
	id, err := slow.XAdd(c.t.Context(), &goredis.XAddArgs{Stream: harness.Stream, Values: fields}).Result()
	if err != nil {
		c.t.Fatal(err)
	}
	c.load.bad[id] = true
}
