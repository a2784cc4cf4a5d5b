//go:build real

package faults

import (
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// groupDestroyed: the stream is full of old entries, and the group is destroyed.
func groupDestroyed(c *scenario) {
	old, times := sized(c, 100_000, 20_000), 3
	c.addOldEntries(old)
	if err := c.Redis.XGroupCreate(c.t.Context(), harness.Stream, "ottoscaler", "$").Err(); err != nil {
		c.t.Fatal(err)
	}
	c.start()
	c.load.steady(4)
	c.Eventually("the first event to be accepted", func() error { return c.someCreated(1) })
	for range times {
		if err := c.Redis.XGroupDestroy(c.t.Context(), harness.Stream, "ottoscaler").Err(); err != nil {
			c.t.Error(err)
		}
		c.wait(3 * time.Second)
	}
	c.endFault()
	c.waitIdle()
	c.redis("XTRIM", harness.Stream, "MINID", fmt.Sprint(time.Now().Add(-time.Hour).UnixMilli())) // the checks ignore them
	c.describe("the group destroyed %d times with %d old entries in the stream", times, old)
}

// addOldEntries fills the stream with day-old events, under another name until all are there.
func (c *scenario) addOldEntries(n int) {
	c.t.Helper()
	const staging = "staging"
	from := time.Now().Add(-24 * time.Hour).UnixMilli()
	for done := 0; done < n; done += page {
		_, err := c.Redis.Pipelined(c.t.Context(), func(p goredis.Pipeliner) error {
			for i := range int64(page) {
				id := fmt.Sprintf("%d-0", from+int64(done)+i)
				values := []any{"type", "scale_up", "pod_count", 1, "task_id", "old"}
				p.XAdd(c.t.Context(), &goredis.XAddArgs{Stream: staging, ID: id, Values: values})
			}
			return nil
		})
		if err != nil {
			c.t.Fatal(err)
		}
	}
	c.redis("RENAME", staging, harness.Stream)
}

// groupSetBack: the group's last delivered ID is reset, as after a failover: everything is redelivered, also to the next process.
func groupSetBack(c *scenario) {
	p := c.start()
	for range 2 {
		c.burst(20)
		c.Eventually("everything to be finished", func() error { return c.idle() })
		c.redis("XGROUP", "SETID", harness.Stream, "ottoscaler", "0")
		c.Eventually("the redelivery to be finished", func() error { return c.idle() })
	}
	p.kill()
	c.redis("XGROUP", "SETID", harness.Stream, "ottoscaler", "0")
	c.start()
	c.endFault()
	c.describe("the group set back to 0 three times when everything was finished: nothing runs again")
}

// flushed: Redis is flushed while the product runs.
func flushed(c *scenario) {
	times := sized(c, 5, 2)
	c.start()
	c.load.steady(4)
	for range times {
		c.wait(5 * time.Second)
		c.flush()
	}
	c.wait(3 * time.Second)
	c.endFault()
	c.describe("FLUSHALL %d times under load: accepted events survive", times)
}

// flush flushes Redis and saves what it had at that instant. Events that were not accepted are lost with it, legitimately.
func (c *scenario) flush() {
	c.t.Helper()
	var sent, status *goredis.XMessageSliceCmd
	_, err := c.Redis.TxPipelined(c.t.Context(), func(p goredis.Pipeliner) error {
		sent, status = p.XRange(c.t.Context(), harness.Stream, "-", "+"), p.XRange(c.t.Context(), harness.StatusKey, "-", "+")
		p.FlushAll(c.t.Context())
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, m := range status.Val() {
		c.savedStatus = append(c.savedStatus, flat(m))
	}
	accepted := map[string]bool{}
	for _, e := range c.savedStatus {
		accepted[e["event_id"]] = true
	}
	c.load.mu.Lock()
	defer c.load.mu.Unlock()
	for _, m := range sent.Val() {
		if !accepted[m.ID] {
			c.load.maybe[m.ID] = true
		}
	}
}

// flushedWhileDown: only the Pods are left to recover from.
func flushedWhileDown(c *scenario) {
	p := c.start()
	events := []string{c.event(10, "slow"), c.event(10, "slow")}
	for _, e := range events {
		c.Eventually("the event to settle", func() error { return c.has(e, "settled") })
	}
	p.kill()
	c.flush()
	c.start()
	c.endFault()
	c.limit += 8 * time.Second // the run time of these workers
	c.describe("FLUSHALL while the product was down and 20 Pods ran: each is adopted and has one outcome")
}

// trimmed: the stream is trimmed to nothing with pending entries: some were accepted, some only delivered.
func trimmed(c *scenario) {
	accepted, unread := 30, 5
	api := c.apiProxy()
	p := c.start()
	first := c.event(1, "quick")
	c.Eventually("the first event to close", func() error { return c.closed(first) })
	api.Down()
	c.burst(accepted)
	c.Eventually("the events to be accepted", func() error { return c.accepted(accepted) })
	p.kill()
	c.deliverWithoutReply(unread)
	c.redis("XTRIM", harness.Stream, "MAXLEN", "0")
	api.Up()
	c.start()
	c.endFault()
	c.describe("the stream trimmed to nothing with %d accepted events pending (all run) and %d only delivered (dead letters)",
		accepted, unread)
}

// deliverWithoutReply delivers entries to the product's consumer, as a read whose reply was lost.
func (c *scenario) deliverWithoutReply(n int) {
	c.t.Helper()
	for range n {
		id := c.event(1, "quick")
		c.load.bad[id] = true
	}
	_, err := c.Redis.XReadGroup(c.t.Context(), &goredis.XReadGroupArgs{
		Group: "ottoscaler", Consumer: "ottoscaler-1", Streams: []string{harness.Stream, ">"}, Count: int64(n), Block: -1,
	}).Result()
	if err != nil {
		c.t.Fatal(err)
	}
}
