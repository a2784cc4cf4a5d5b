//go:build real

package faults

import (
	"fmt"
	"syscall"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

// bugScenarios are short and without randomness: each provokes one kind of bug.
var bugScenarios = []fault{
	{number: 1, name: "full-house", run: noCapacity},
	{number: 2, name: "slow-redis", run: slowRedis},
	{number: 3, name: "same-millisecond", run: sameMillisecond},
	{number: 4, name: "group-destroyed", run: groupGone},
	{number: 5, name: "scale-down", injected: checker.Fault{Killed: true}, run: killedInScaleDown},
	{number: 6, name: "evicted", injected: checker.Fault{Others: true}, run: evicted},
	{number: 7, name: "frozen", injected: checker.Fault{Killed: true}, run: frozenOnce},
	{number: 8, name: "dead-reader", injected: checker.Fault{Killed: true}, run: deadReader},
	{number: 9, name: "poison", injected: checker.Fault{Killed: true}, run: poison},
	{number: 10, name: "labels-edited", injected: checker.Fault{Others: true}, run: labelsRemoved},
}

// noCapacity: an event asks for more workers than the capacity.
func noCapacity(c *scenario) {
	c.start("OTTO_MAX_WORKERS=2")
	c.event(5, "quick")
}

// slowRedis: writes take long, so that requests that do not wait for them come first.
func slowRedis(c *scenario) {
	c.redisProxy().AddToxics(`{"type":"latency","stream":"downstream","name":"slow","attributes":{"latency":200}}`)
	c.start()
	c.event(3, "quick")
}

// sameMillisecond: two entry IDs differ only in their sequence number.
func sameMillisecond(c *scenario) {
	c.start()
	for _, id := range ids(2) {
		if _, err := c.load.add(c.t.Context(), id, []any{"type", "scale_up", "pod_count", 1, "template", "quick"}); err != nil {
			c.t.Fatal(err)
		}
	}
}

// groupGone: entries are added in the MULTI that destroys the group.
func groupGone(c *scenario) {
	c.start()
	c.Eventually("the group to exist", func() error {
		_, err := c.progress()
		return err
	})
	first := c.event(1, "quick")
	c.Eventually("the first event to close", func() error { return c.closed(first) })
	_, err := c.Redis.TxPipelined(c.t.Context(), func(p goredis.Pipeliner) error {
		p.XGroupDestroy(c.t.Context(), harness.Stream, "ottoscaler")
		for range 3 {
			p.XAdd(c.t.Context(), &goredis.XAddArgs{Stream: harness.Stream, Values: []any{"type", "scale_up", "pod_count", 1, "template", "quick"}})
		}
		return nil
	})
	if err != nil {
		c.t.Fatal(err)
	}
	c.Eventually("the group to be recreated", func() error { return c.readAll() })
}

// readAll reports whether a group has read the whole stream.
func (c *scenario) readAll() error {
	s, err := c.progress()
	if err == nil && s.read != s.last {
		err = fmt.Errorf("read up to %q of %q", s.read, s.last)
	}
	return err
}

// killedInScaleDown: SIGKILL between the selection of the victims and their end.
func killedInScaleDown(c *scenario) {
	p := c.start()
	c.event(5, "long")
	c.Eventually("the Pods to run", func() error { return c.running(5) })
	down := c.add("type", "scale_down", "pod_count", 2)
	c.Eventually("the victims to be selected", func() error { return c.has(down, "scaled_down") })
	p.kill()
	c.start()
	c.wait(3 * time.Second)
	c.add("type", "scale_down", "pod_count", 100)
}

// evicted: every attempt of two workers is evicted, with a capacity of two.
func evicted(c *scenario) {
	c.start("OTTO_MAX_WORKERS=2", "OTTO_MAX_ATTEMPTS=2")
	c.event(2, "evicted")
	c.event(1, "quick")
}

// frozenOnce: the leader is stopped past its Lease and continues while its Pods still run.
func frozenOnce(c *scenario) {
	all := []*replica{c.replica(0), c.replica(1)}
	c.event(3, "lasts")
	c.Eventually("the Pods to run", func() error { return c.running(3) })
	stopped := c.leader(all...)
	stopped.signal(syscall.SIGSTOP)
	c.leader(others(all, stopped)...)
	c.wait(time.Second)
	stopped.signal(syscall.SIGCONT)
}

// deadReader: a process read entries and died before it handled them; no others arrive.
func deadReader(c *scenario) {
	c.event(2, "quick")
	c.event(1, "quick")
	c.readWithoutAck()
	c.start()
}

// readWithoutAck is that process: it reads and acknowledges nothing.
func (c *scenario) readWithoutAck() {
	c.t.Helper()
	c.redis("XGROUP", "CREATE", harness.Stream, "ottoscaler", "0")
	c.redis("XREADGROUP", "GROUP", "ottoscaler", "ottoscaler-1", "STREAMS", harness.Stream, ">")
}

// poison: an invalid entry was delivered nine times.
func poison(c *scenario) {
	bad := c.add("type", "scale_up", "pod_count", 0)
	c.readWithoutAck()
	c.redis("XCLAIM", harness.Stream, "ottoscaler", "ottoscaler-1", 0, bad, "RETRYCOUNT", 9)
	c.start()
	c.event(1, "quick")
}

// labelsRemoved: the product's labels are missing from running Pods for two seconds.
func labelsRemoved(c *scenario) {
	c.start()
	event := c.event(2, "slow")
	c.Eventually("the Pods to run", func() error { return c.running(2) })
	for _, labels := range [][]string{
		{"managed-by-", "ottoscaler.io/instance-"},
		{"managed-by=ottoscaler", "ottoscaler.io/instance=ottoscaler"},
	} {
		for slot := 1; slot <= 2; slot++ {
			c.Kubectl(append([]string{"label", "pod", fmt.Sprintf("otto-agent-%d-%s", slot, event), "-n", c.Namespace}, labels...)...)
		}
		c.wait(2 * time.Second)
	}
}
