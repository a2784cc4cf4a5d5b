//go:build real

package faults

import (
	"errors"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

var batchFaults = []fault{
	{number: 47, name: "writes-lost", ci: true, injected: checker.Fault{Redis: true, LostWrites: true}, run: writesLost},
	{number: 47, name: "last-event-lost", injected: checker.Fault{Redis: true, LostWrites: true}, run: lastEventLost},
	{number: 48, name: "exec-replies", injected: checker.Fault{Redis: true}, run: execReplies},
}

// execReplies: replies of EXEC are lost, halved, or come when nobody waits for them any more. Each costs its batch a second
// look, and never the term.
func execReplies(c *scenario) {
	proxy, broken := c.replyProxy(), sized(c, 1000, 30)
	c.start()
	c.load.steady(3)
	term := c.term()
	ways := map[string]int{}
	for n := range broken {
		keep := 0
		switch {
		case n%50 == 29:
			ways["late"]++
			c.delayOnce(proxy)
			continue
		case n%2 == 1:
			ways["halved"]++
			keep = 1 + c.random.IntN(20)
		default:
			ways["lost"]++
		}
		pass := 1 + c.random.IntN(2) // were all of them lost, the term would give up after a while
		proxy.BreakOnce(func(command string, reply []byte) int {
			if command != "EXEC" {
				return -1
			}
			if pass--; pass >= 0 {
				return -1
			}
			return min(keep, len(reply)-1)
		})
	}
	proxy.Pass()
	c.endFault()
	if after := c.term(); after != term {
		c.t.Errorf("the term %s began: each lost reply ought to cost a batch", after)
	}
	c.describe("%d replies of EXEC lost, %d halved, %d late: one term", ways["lost"], ways["halved"], ways["late"])
}

// lateBy is longer than the product waits for a reply.
const lateBy = 6 * time.Second

// delayOnce holds the next reply of EXEC back until nobody waits for it.
func (c *scenario) delayOnce(proxy *redistest.Proxy) {
	held, over := make(chan struct{}), false
	proxy.Replies(func(command string, _ []byte) redistest.Reply {
		if over || command != "EXEC" {
			return redistest.Reply{}
		}
		over = true
		close(held)
		return redistest.Reply{Delay: lateBy}
	})
	<-held
	c.wait(lateBy)
}

// term is which term may write.
func (c *scenario) term() string {
	c.t.Helper()
	var fence string
	c.Eventually("a term to begin", func() (err error) {
		fence, err = c.Redis.Get(c.t.Context(), "{"+harness.Stream+"}:fence").Result()
		return err
	})
	term, _, _ := strings.Cut(fence, "/")
	return term
}

// writesLost: under a running term Redis has what it had some seconds ago, as after a failover to a replica that lagged
// behind. The term ends at its next write; what has a Pod keeps it, and has one outcome.
func writesLost(c *scenario) {
	times := sized(c, 10, 2)
	c.expects["lost"] = true          // of an event that Redis forgot: a worker whose Pod is gone, or was never made
	c.start("OTTO_SUCCEEDED_TTL=10s") // ended Pods are the second tombstone: kept for longer than Redis goes back
	c.load.steady(4)
	for range times {
		c.wait(3 * time.Second)
		term := c.term()
		before, last := c.dump()
		c.wait(time.Duration(500+c.random.IntN(1500)) * time.Millisecond)
		c.goBack(before, last)
		c.Eventually("the term to end", func() error {
			if c.term() == term {
				return errors.New("it goes on")
			}
			return nil
		})
	}
	c.wait(3 * time.Second)
	c.endFault()
	c.limit += orphanTime
	c.describe("%d times Redis went back by up to 2 s under a running term: the term ended at its next write", times)
}

// lastEventLost: Redis forgets the last event of all, whose Pods run, and nothing is sent afterwards: the event is rebuilt from
// its Pods, and the events before it, which are still in the stream, do not run again.
func lastEventLost(c *scenario) {
	const before = 5
	c.start()
	for range before {
		event := c.event(2, "quick")
		c.Eventually("the event to close", func() error { return c.closed(event) })
	}
	term := c.term()
	dump, last := c.dump()
	forgotten := c.event(3, "slow")
	c.Eventually("its Pods to run", func() error { return c.running(3) })
	c.goBack(dump, last)
	c.Eventually("the term to end", func() error {
		if c.term() == term {
			return errors.New("it goes on")
		}
		return nil
	})
	c.Eventually("the event to be rebuilt and closed", func() error { return c.closed(forgotten) })
	c.wait(orphanTime) // the next looks at the stream
	c.endFault()
	c.describe("Redis forgot the last event while its 3 Pods ran: it was rebuilt, and none of the %d before it ran again", before)
}

// dumpScript returns the ID of the stream's last entry, and each key with its dump and its time to live.
var dumpScript = goredis.NewScript(`local all = {redis.call('XINFO', 'STREAM', KEYS[1])[8]}
for _, key in ipairs(redis.call('KEYS', '*')) do
	local ttl = math.max(redis.call('PTTL', key), 0)
	all[#all + 1] = {key, redis.call('DUMP', key), ttl}
end
return all`)

// dump is everything that Redis has.
func (c *scenario) dump() (all []any, last string) {
	c.t.Helper()
	all, err := dumpScript.Run(c.t.Context(), c.Redis, []string{harness.Stream}).Slice()
	if err != nil {
		c.t.Fatal(err)
	}
	return all[1:], all[0].(string)
}

// goBack replaces everything that Redis has at once. Of the events that it loses with it only those have workers that had a Pod.
func (c *scenario) goBack(to []any, after string) {
	c.t.Helper()
	var lost *goredis.XMessageSliceCmd
	_, err := c.Redis.TxPipelined(c.t.Context(), func(p goredis.Pipeliner) error {
		lost = p.XRange(c.t.Context(), harness.Stream, "("+after, "+")
		p.FlushAll(c.t.Context())
		for _, entry := range to {
			key := entry.([]any)
			ttl := time.UnixMilli(key[2].(int64)).Sub(time.UnixMilli(0))
			p.Restore(c.t.Context(), key[0].(string), ttl, key[1].(string))
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.load.mu.Lock()
	defer c.load.mu.Unlock()
	for _, m := range lost.Val() {
		c.load.maybe[m.ID] = true
	}
}
