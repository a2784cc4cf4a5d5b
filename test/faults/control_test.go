//go:build real

package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

var controlFaults = []fault{
	{number: 51, name: "controls", injected: checker.Fault{Killed: true}, run: controls},
}

// queuesText is a queues file with the weight of queue web.
const queuesText = `version: 1
queues:
- name: web
  weight: %d
- name: ml
  max_workers: 20
`

// queuesFile writes the file of queues, whole as a ConfigMap's volume does, and gives it to the product.
func (c *scenario) queuesFile(text string) {
	c.t.Helper()
	if c.queues == "" {
		c.queues = filepath.Join(c.t.TempDir(), "queues.yaml")
		c.env = append(c.env, "OTTO_QUEUES_FILE="+c.queues)
	}
	if err := os.WriteFile(c.queues+".new", []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	if err := os.Rename(c.queues+".new", c.queues); err != nil {
		c.t.Fatal(err)
	}
}

// weighs reports whether the leader goes by that weight of queue web.
func (c *scenario) weighs(want int64) error {
	text, err := c.Redis.HGet(c.t.Context(), harness.QueuesKey, "web").Bytes()
	if err != nil {
		return err
	}
	var view struct{ Weight int64 }
	if err := json.Unmarshal(text, &view); err != nil {
		return err
	}
	if view.Weight != want {
		return fmt.Errorf("its weight is %d, want %d", view.Weight, want)
	}
	return nil
}

// controls: an operator pauses, resumes and cancels, and edits the file of queues, under load and while leaders are killed.
func controls(c *scenario) {
	rounds := sized(c, 4, 1)
	c.expects["cancelled"], c.expects["failed"] = true, true
	c.queuesFile(fmt.Sprintf(queuesText, 1))
	c.load.queues = []string{"web", "ml", "default"}
	all := []*replica{c.replica(0), c.replica(1)}
	c.load.steady(4)
	c.load.steadyCancel(1)
	for n := range rounds {
		c.allPaused(&all, 2+2*n)
		c.cancelAcross(&all, 3+2*n)
		c.reloadUnderLoad(n + 2)
	}
	c.endFault()
	c.waitIdle()
	c.onlyLate()
	c.describe("%d times under load: all queues paused across a change of leader and nothing started; a cancel whose leader was "+
		"killed; the file of queues changed, and broken; %d workers cancelled, %d too late to start",
		rounds, c.ended("cancelled", ""), c.ended("failed", ""))
}

// allPaused: across a change of leader nothing starts, and a start deadline runs on.
func (c *scenario) allPaused(all *[]*replica, next int) {
	c.t.Helper()
	c.SetPaused("web", true)
	c.SetPaused("*", true)
	c.wait(2 * time.Second) // what was on its way
	before := c.audit.created()
	late := c.add("type", "scale_up", "pod_count", 3, "queue", "web", "start_deadline_seconds", 1)
	c.changeLeader(all, next)
	c.Eventually("the event to be too late", func() error { return c.closed(late) })
	if now := c.audit.created(); now != before {
		c.t.Errorf("%d Pods were created while all queues were paused", now-before)
	}
	c.SetPaused("*", false)
	c.Eventually("the other queues to start again", func() error { return c.someCreated(before + 1) })
	c.SetPaused("web", false)
}

// changeLeader kills the leader; a new replica replaces it as a standby.
func (c *scenario) changeLeader(all *[]*replica, next int) {
	c.t.Helper()
	old := c.leader(*all...)
	old.kill()
	*all = append(others(*all, old), c.replica(next))
	c.leader(*all...)
}

// cancelAcross: the leader is killed as soon as a cancel is recorded; the next one carries it out.
func (c *scenario) cancelAcross(all *[]*replica, next int) {
	c.t.Helper()
	events := []string{c.event(3, "lingers"), c.event(3, "lingers")}
	for _, e := range events {
		c.Eventually("the event to settle", func() error { return c.has(e, "settled") })
	}
	cancel := c.add("type", "cancel", "event_id", events[0])
	c.Eventually("the cancel to be recorded", func() error { return c.has(cancel, "cancelling") })
	c.changeLeader(all, next)
	c.Eventually("the cancel to be carried out", func() error { return c.closed(cancel) })
	if got := [2]int{c.ended("cancelled", events[0]), c.ended("cancelled", events[1])}; got != [2]int{3, 0} {
		c.t.Errorf("the cancelled and the other event lost %v workers, want [3 0]", got)
	}
	c.add("type", "cancel", "event_id", events[1])
}

// reloadUnderLoad: the file of queues is taken over when it changes, and not while it is broken.
func (c *scenario) reloadUnderLoad(weight int) {
	c.t.Helper()
	c.queuesFile(fmt.Sprintf(queuesText, weight))
	c.Eventually("the file to be taken over", func() error { return c.weighs(int64(weight)) })
	c.queuesFile("version: 1\nqueues:\n- name: web\n  weight: heavy\n")
	broken := func() error {
		if slices.ContainsFunc(c.products, func(p *product) bool { return p.has("heavy") }) {
			return nil
		}
		return errors.New("no log line names the value")
	}
	c.Eventually("the broken file to be reported", broken)
	if err := c.weighs(int64(weight)); err != nil {
		c.t.Errorf("with a broken file: %v", err)
	}
	c.queuesFile(fmt.Sprintf(queuesText, weight))
}

// onlyLate: workers failed for no other reason than that they were too late to start.
func (c *scenario) onlyLate() {
	c.t.Helper()
	for _, e := range c.status() {
		if e["state"] == "failed" && e["reason"] != "StartDeadlineExceeded" {
			c.errorf("an outcome that the fault does not explain: %v", e)
		}
	}
}
