//go:build real

package faults

import (
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// groupDestroyed: the stream is full of entries from before our time, and the group vanishes.
func groupDestroyed(c *scene) {
	old, times := span(c, 100_000, 20_000), 3
	c.ancient(old)
	if err := c.Redis.XGroupCreate(c.t.Context(), harness.Stream, "ottoscaler", "$").Err(); err != nil {
		c.t.Fatal(err)
	}
	c.start()
	c.load.steady(4)
	c.until("the first event to be taken in", func() error { return c.someMade(1) })
	for range times {
		if err := c.Redis.XGroupDestroy(c.t.Context(), harness.Stream, "ottoscaler").Err(); err != nil {
			c.t.Error(err)
		}
		c.lasts(3 * time.Second)
	}
	c.heal()
	c.rest()
	c.redis("XTRIM", harness.Stream, "MINID", fmt.Sprint(time.Now().Add(-time.Hour).UnixMilli())) // they concern no judge
	c.do("the group destroyed %d times with %d old entries in the stream", times, old)
}

// ancient fills the stream with events from before our time, under a name that nobody reads until all are there.
func (c *scene) ancient(n int) {
	c.t.Helper()
	const attic = "attic"
	from := time.Now().Add(-24 * time.Hour).UnixMilli()
	for done := 0; done < n; done += page {
		_, err := c.Redis.Pipelined(c.t.Context(), func(p goredis.Pipeliner) error {
			for i := range int64(page) {
				id := fmt.Sprintf("%d-0", from+int64(done)+i)
				p.XAdd(c.t.Context(), &goredis.XAddArgs{Stream: attic, ID: id, Values: []any{"type", "scale_up", "pod_count", 1, "task_id", "old"}})
			}
			return nil
		})
		if err != nil {
			c.t.Fatal(err)
		}
	}
	c.redis("RENAME", attic, harness.Stream)
}

// groupSetBack: the group forgets what it delivered, as after a failover: all comes once more, to us and our successor.
func groupSetBack(c *scene) {
	p := c.start()
	for range 2 {
		c.burst(20)
		c.until("everything to be done", func() error { return c.quiet() })
		c.redis("XGROUP", "SETID", harness.Stream, "ottoscaler", "0")
		c.until("everything to be delivered again", func() error { return c.quiet() })
	}
	p.kill()
	c.redis("XGROUP", "SETID", harness.Stream, "ottoscaler", "0")
	c.start()
	c.heal()
	c.do("the group set back to 0 three times when all was done: nothing runs again")
}

func (c *scene) quiet() error {
	s, err := c.standing()
	if err != nil {
		return err
	}
	return s.atRest()
}

// flushed: everything in Redis is gone, while we run.
func flushed(c *scene) {
	times := span(c, 5, 2)
	c.start()
	c.load.steady(4)
	for range times {
		c.lasts(5 * time.Second)
		c.flush()
	}
	c.lasts(3 * time.Second)
	c.heal()
	c.do("FLUSHALL %d times under load: what was accepted survives", times)
}

// flush empties Redis, and keeps for the judge what stood there at that instant. What was not accepted then is lost
// with it, and that is Redis' doing.
func (c *scene) flush() {
	c.t.Helper()
	var sent, said *goredis.XMessageSliceCmd
	_, err := c.Redis.TxPipelined(c.t.Context(), func(p goredis.Pipeliner) error {
		sent, said = p.XRange(c.t.Context(), harness.Stream, "-", "+"), p.XRange(c.t.Context(), statusKey, "-", "+")
		p.FlushAll(c.t.Context())
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, m := range said.Val() {
		c.kept = append(c.kept, flat(m))
	}
	accepted := map[string]bool{}
	for _, e := range c.kept {
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

// flushedWhileDown: only the Pods are left to tell what there was.
func flushedWhileDown(c *scene) {
	p := c.start()
	events := []string{c.event(10, "slow"), c.event(10, "slow")}
	for _, e := range events {
		c.until("the event to settle", func() error { return c.has(e, "settled") })
	}
	p.kill()
	c.flush()
	c.start()
	c.heal()
	c.limit += 8 * time.Second // how long these workers run
	c.do("FLUSHALL while we were down and 20 Pods ran: each is adopted and has one outcome")
}

// trimmed: somebody trims the stream to nothing, with entries pending: some were taken in, some were only read.
func trimmed(c *scene) {
	taken, unread := 30, 5
	api := c.api()
	p := c.start()
	first := c.event(1, "quick")
	c.until("the product to be at work", func() error { return c.closed(first) })
	api.Down()
	c.burst(taken)
	c.until("the events to be accepted", func() error { return c.accepted(taken) })
	p.kill()
	c.readBehindOurBack(unread)
	c.redis("XTRIM", harness.Stream, "MAXLEN", "0")
	api.Up()
	c.start()
	c.heal()
	c.do("the stream trimmed to nothing with %d accepted events pending (all run) and %d that were only delivered (dead letters)", taken, unread)
}

// readBehindOurBack delivers entries to our consumer's name, as a read whose reply nobody got.
func (c *scene) readBehindOurBack(n int) {
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
