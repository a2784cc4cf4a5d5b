//go:build real

package faults

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

var downFaults = []fault{
	{number: 32, name: "scale-down", ci: true, injected: checker.Fault{Killed: true}, run: scaleDown},
	{number: 33, name: "scale-down-again", ci: true, run: scaleDownAgain},
}

// scaleDown: workers are cancelled while others start and end, and while the product is killed and restarted.
func scaleDown(c *scenario) {
	d, kills := sized(c, 2*time.Minute, 20*time.Second), 3
	c.expects["cancelled"] = true
	p := c.start()
	c.load.steady(4)
	c.load.steadyDown(1)
	for range kills {
		c.wait(d / time.Duration(kills))
		p.kill()
		p = c.start()
	}
	c.endFault()
	c.waitIdle()
	cancelled := c.ended("cancelled", "")
	if cancelled == 0 {
		c.t.Error("no worker was cancelled")
	}
	c.describe("scale_down of 1 to 4 every second for %v, with %d SIGKILLs: %d workers cancelled", d, kills, cancelled)
}

// scaleDownAgain: the same scale_down is sent twice, and redelivered after later events.
func scaleDownAgain(c *scenario) {
	c.expects["cancelled"] = true
	c.start()
	old := c.event(5, "long")
	c.Eventually("the Pods to run", func() error { return c.running(5) })
	down := []any{"type", "scale_down", "pod_count", 2, "idempotency_key", "once"}
	first := c.add(down...)
	second := c.add(down...)
	c.Eventually("the second to be a duplicate", func() error { return c.has(second, "duplicate") })
	c.Eventually("the first to be done", func() error { return c.running(3) })
	later := c.event(5, "long")
	c.Eventually("the later Pods to run", func() error { return c.running(8) })
	c.redis("XGROUP", "SETID", harness.Stream, "ottoscaler", before(first))
	c.Eventually("its redelivery", func() error { return c.delivered(later) })
	c.wait(5 * time.Second)
	if got := [2]int{c.ended("cancelled", old), c.ended("cancelled", later)}; got != [2]int{2, 0} {
		c.t.Errorf("the old and the later event lost %v workers, want [2 0]", got)
	}
	c.add("type", "scale_down", "pod_count", 100)
	c.endFault()
	c.describe("one scale_down of 2 sent twice and redelivered after a later event: 2 workers cancelled; one of 100 ends the rest")
}

// ended counts the outcomes of one kind, of one event or of all.
func (c *scenario) ended(state, event string) int {
	n := 0
	for _, e := range c.status() {
		if e["kind"] == "worker" && e["state"] == state && (event == "" || e["event_id"] == event) {
			n++
		}
	}
	return n
}

// before is the highest possible ID below one.
func before(id string) string {
	ms, seq, _ := strings.Cut(id, "-")
	m, _ := strconv.Atoi(ms)
	if s, _ := strconv.Atoi(seq); s > 0 {
		return fmt.Sprintf("%s-%d", ms, s-1)
	}
	return fmt.Sprintf("%d-%s", m-1, "18446744073709551615")
}

// delivered reports whether the group has read up to an entry, and acknowledged all.
func (c *scenario) delivered(id string) error {
	s, err := c.progress()
	if err == nil && (s.read != id || s.pending > 0) {
		err = fmt.Errorf("read up to %s, %d pending", s.read, s.pending)
	}
	return err
}
