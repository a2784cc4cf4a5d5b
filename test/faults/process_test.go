//go:build real

package faults

import (
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/judge"
)

var processFaults = []fault{
	{number: 1, name: "killed", ci: true, harm: judge.Fault{Killed: true}, run: killed},
	{number: 3, name: "stopped-in-a-burst", ci: true, harm: judge.Fault{Killed: true}, run: stopped},
	{number: 34, name: "ten-thousand-at-once", run: manyAtOnce},
	{number: 35, name: "small-memory", harm: judge.Fault{Redis: true}, run: smallMemory},
}

// killed: SIGKILL at any instant of a life under load, also before it is ready.
func killed(c *scene) {
	kills := span(c, 300, 60)
	c.load.steady(4)
	for range kills {
		p := c.launch()
		c.lasts(time.Duration(c.random.IntN(1500)) * time.Millisecond)
		p.kill()
	}
	c.start()
	c.heal()
	c.do("%d SIGKILLs, each 0 to 1.5 s after the start", kills)
}

// stopped: SIGTERM in a burst ends it in order, and nothing is asked for afterwards.
func stopped(c *scene) {
	const rounds = 3
	for range rounds {
		p := c.start("OTTO_CREATE_CONCURRENCY=2")
		before := c.ledger.made()
		c.event(100, "quick")
		c.until("the burst to begin", func() error { return c.someMade(before + 5) })
		at := time.Now()
		if code := p.stop(); code != 0 {
			c.t.Errorf("exit code %d after SIGTERM", code)
		}
		if c.ledger.read(); c.ledger.last.After(at.Add(time.Second)) {
			c.t.Errorf("a POST %v after SIGTERM", c.ledger.last.Sub(at))
		}
	}
	c.start()
	c.do("%d times SIGTERM while 100 Pods are being created: exit 0, no POST a second later", rounds)
}

// manyAtOnce: more one-Pod events at once than there is room for.
func manyAtOnce(c *scene) {
	n := span(c, 10_000, 500)
	c.start()
	c.send(n, "type", "scale_up", "pod_count", 1, "template", "quick")
	c.do("%d one-Pod events in one pipeline, room for 200", n)
}

// smallMemory: thousands of waiting events, and entries of many megabytes between them, within 64 MiB.
func smallMemory(c *scene) {
	waiting, huge, limit := span(c, 20_000, 2_000), span(c, 10, 3), 64
	p := c.start("GOMEMLIMIT=56MiB", "OTTO_MAX_WORKERS=50")
	c.send(waiting/2, "type", "scale_up", "pod_count", 1, "template", "quick")
	for range huge {
		c.reject("type", "scale_up", "pod_count", 1, "big", strings.Repeat("x", 16<<20))
	}
	c.send(waiting/2, "type", "scale_up", "pod_count", 1, "template", "quick")
	c.heal()
	c.rest()
	if got := p.memory(); got > limit {
		c.t.Errorf("its memory went up to %d MiB", got)
	}
	c.do("%d events wait for 50 places, %d entries of 16 MiB between them: %d MiB at the most (limit %d)", waiting, huge, p.memory(), limit)
}

// someMade reports whether so many Pods were made.
func (c *scene) someMade(n int) error {
	if made := c.ledger.made(); made < n {
		return fmt.Errorf("%d of %d Pods were made", made, n)
	}
	return nil
}

// accepted reports whether so many events are open.
func (c *scene) accepted(n int) error {
	open, err := c.Redis.SCard(c.t.Context(), openKey).Result()
	if err == nil && int(open) < n {
		err = fmt.Errorf("%d of %d are open", open, n)
	}
	return err
}

// send is n times the same event in one pipeline.
func (c *scene) send(n int, fields ...any) {
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

// reject sends an entry that is no event, of any size.
func (c *scene) reject(fields ...any) {
	c.t.Helper()
	patient := c.Redis.WithTimeout(time.Minute)
	id, err := patient.XAdd(c.t.Context(), &goredis.XAddArgs{Stream: harness.Stream, Values: fields}).Result()
	if err != nil {
		c.t.Fatal(err)
	}
	c.load.bad[id] = true
}
