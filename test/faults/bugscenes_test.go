//go:build real

package faults

import (
	"fmt"
	"syscall"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/judge"
)

// bugScenes are short: each has in it what brings one kind of bug to light, and no chance.
var bugScenes = []fault{
	{number: 1, name: "full-house", run: fullHouse},
	{number: 2, name: "slow-redis", run: slowRedis},
	{number: 3, name: "same-millisecond", run: sameMillisecond},
	{number: 4, name: "group-destroyed", run: groupGone},
	{number: 5, name: "scale-down", harm: judge.Fault{Killed: true}, run: killedInScaleDown},
	{number: 6, name: "evicted", harm: judge.Fault{Others: true}, run: evicted},
	{number: 7, name: "frozen", harm: judge.Fault{Killed: true}, run: frozenOnce},
	{number: 8, name: "dead-reader", harm: judge.Fault{Killed: true}, run: deadReader},
	{number: 9, name: "poison", harm: judge.Fault{Killed: true}, run: poison},
	{number: 10, name: "labels-edited", harm: judge.Fault{Others: true}, run: labelsOff},
}

// fullHouse: an event asks for more workers than there is room for.
func fullHouse(c *scene) {
	c.start("OTTO_MAX_WORKERS=2")
	c.event(5, "quick")
}

// slowRedis: whatever is written takes long, and what does not wait for it comes first.
func slowRedis(c *scene) {
	c.link().Spoil(`{"type":"latency","stream":"downstream","name":"slow","attributes":{"latency":200}}`)
	c.start()
	c.event(3, "quick")
}

// sameMillisecond: two entries differ in the last part of their IDs alone.
func sameMillisecond(c *scene) {
	c.start()
	for _, id := range ids(2) {
		if _, err := c.load.add(c.t.Context(), id, []any{"type", "scale_up", "pod_count", 1, "template", "quick"}); err != nil {
			c.t.Fatal(err)
		}
	}
}

// groupGone: in the moment in which the group is destroyed, entries come.
func groupGone(c *scene) {
	c.start()
	c.until("the group to be there", func() error {
		_, err := c.standing()
		return err
	})
	first := c.event(1, "quick")
	c.until("the first event to close", func() error { return c.closed(first) })
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
	c.until("the group to be there again", func() error { return c.readAll() })
}

// readAll reports whether there is a group that has read the whole stream.
func (c *scene) readAll() error {
	s, err := c.standing()
	if err == nil && s.read != s.last {
		err = fmt.Errorf("read up to %q of %q", s.read, s.last)
	}
	return err
}

// killedInScaleDown: SIGKILL between the choice of the victims and their end.
func killedInScaleDown(c *scene) {
	p := c.start()
	c.event(5, "long")
	c.until("the Pods to run", func() error { return c.running(5) })
	down := c.add("type", "scale_down", "pod_count", 2)
	c.until("the victims to be chosen", func() error { return c.has(down, "scaled_down") })
	p.kill()
	c.start()
	c.lasts(3 * time.Second)
	c.add("type", "scale_down", "pod_count", 100)
}

// evicted: every attempt of two workers is evicted, in a house with room for two.
func evicted(c *scene) {
	c.start("OTTO_MAX_WORKERS=2", "OTTO_MAX_ATTEMPTS=2")
	c.event(2, "evicted")
	c.event(1, "quick")
}

// frozenOnce: the leader sleeps past its Lease, and wakes up while Pods that it knows still run.
func frozenOnce(c *scene) {
	all := []*replica{c.replica(0), c.replica(1)}
	c.event(3, "lasts")
	c.until("the Pods to run", func() error { return c.running(3) })
	sleeper := c.leader(all...)
	sleeper.signal(syscall.SIGSTOP)
	c.leader(others(all, sleeper)...)
	c.lasts(time.Second)
	sleeper.signal(syscall.SIGCONT)
}

// deadReader: a process has read entries and died before it did anything with them; no others come.
func deadReader(c *scene) {
	c.event(2, "quick")
	c.event(1, "quick")
	c.readAndDie()
	c.start()
}

// readAndDie is that process.
func (c *scene) readAndDie() {
	c.t.Helper()
	c.redis("XGROUP", "CREATE", harness.Stream, "ottoscaler", "0")
	c.redis("XREADGROUP", "GROUP", "ottoscaler", "ottoscaler-1", "STREAMS", harness.Stream, ">")
}

// poison: an entry, a bad one besides, has ended nine processes that read it.
func poison(c *scene) {
	bad := c.add("type", "scale_up", "pod_count", 0)
	c.readAndDie()
	c.redis("XCLAIM", harness.Stream, "ottoscaler", "ottoscaler-1", 0, bad, "RETRYCOUNT", 9)
	c.start()
	c.event(1, "quick")
}

// labelsOff: our labels go off running Pods for two seconds.
func labelsOff(c *scene) {
	c.start()
	event := c.event(2, "slow")
	c.until("the Pods to run", func() error { return c.running(2) })
	for _, labels := range [][]string{
		{"managed-by-", "ottoscaler.io/instance-"},
		{"managed-by=ottoscaler", "ottoscaler.io/instance=ottoscaler"},
	} {
		for slot := 1; slot <= 2; slot++ {
			c.Kubectl(append([]string{"label", "pod", fmt.Sprintf("otto-agent-%d-%s", slot, event), "-n", c.Namespace}, labels...)...)
		}
		c.lasts(2 * time.Second)
	}
}
