package worker

import (
	"fmt"
	"testing"
	"time"
)

// crashRun runs one scenario in elementary steps and crashes the process after the given ones.
type crashRun struct {
	*model
	steps   int
	crashes map[int]bool
}

// count counts one elementary step; after a step listed in crashes the process crashes. Of the POSTs in flight half arrive.
func (c *crashRun) count() {
	c.steps++
	if c.crashes[c.steps] {
		c.crash(len(c.creates) / 2)
	}
}

// write commits one write in two steps: the write, and its reply. A crash in between is a lost reply.
func (c *crashRun) write() {
	c.steps++
	c.commit(1, c.crashes[c.steps])
	c.count()
}

// run is the scenario: two scale_ups with capacity for three workers, of which one is evicted and one fails; a scale_down
// of two workers, sent twice with one key; and an invalid entry.
func (c *crashRun) run() {
	for _, f := range []map[string]string{
		{"type": "scale_up", "pod_count": "2", "task_id": "a"},
		{"type": "scale_up", "pod_count": "3", "task_id": "b"},
		{"type": "scale_up", "pod_count": "nonsense"},
		{"type": "scale_down", "pod_count": "2", "task_id": "b", "idempotency_key": "k"},
		{"type": "scale_down", "pod_count": "2", "task_id": "b", "idempotency_key": "k"},
	} {
		c.add(f)
	}
	for round := 0; !c.done(); round++ {
		if round > 2000 {
			c.fatal("not finished after 2000 rounds: %d open, Pods %v", c.openRecords(), c.podNames())
		}
		c.round()
	}
}

func (c *crashRun) done() bool {
	return c.idle() && c.openRecords() == 0 && len(c.pods) == 0 && c.read == len(c.entries) && len(c.core.removals.byPod) == 0
}

// round does one step of each kind that is possible, and advances the cluster when none is.
func (c *crashRun) round() {
	busy := !c.idle() || c.read < len(c.entries)
	if c.read < len(c.entries) {
		c.deliverNew(1)
		c.count()
	}
	for _, action := range []struct {
		left func() int
		do   func()
	}{
		{func() int { return len(c.writes) }, c.write},
		{func() int { return len(c.creates) }, func() { c.serveCreate(0, ""); c.count() }},
		{func() int { return len(c.removes) }, func() { c.serveRemove(0, false); c.count() }},
		{func() int { return len(c.requests) }, func() { c.serveRequest(0, false); c.count() }},
		{func() int { return len(c.replies) }, func() { c.deliverReply(0); c.count() }},
		{func() int { return len(c.watched) }, func() { c.deliverWatch(1); c.count() }},
	} {
		if action.left() > 0 {
			action.do()
		}
	}
	if !busy {
		c.advanceCluster()
	}
}

// advanceCluster lets the kubelet act on one Pod, else time pass.
func (c *crashRun) advanceCluster() {
	for _, name := range c.podNames() {
		p := c.pods[name]
		switch {
		case !p.obs.Deleting.IsZero() && c.deletable(name):
			c.setPhase(name, PhaseFailed)
			c.removePod(name)
		case p.obs.Slot == 1 && p.obs.Attempt == 1 && p.spec.Event.TaskID() == "a":
			p.obs.Disrupted = true
			c.setPhase(name, PhaseFailed)
		case p.obs.Slot == 2 && p.spec.Event.TaskID() == "a":
			c.setPhase(name, PhaseFailed)
		default:
			c.setPhase(name, PhaseSucceeded)
		}
		if len(c.watched) > 0 {
			return
		}
	}
	if next := c.core.next(); !next.IsZero() {
		c.now = later(c.now, next)
	}
	c.step(tick{})
	c.count()
}

// runWithCrashes runs the scenario to its end with crashes after these steps.
func runWithCrashes(t *testing.T, crashes ...int) *crashRun {
	t.Helper()
	set := testSettings()
	set.MaxWorkers = 3
	c := &crashRun{crashes: make(map[int]bool)}
	for _, at := range crashes {
		c.crashes[at] = true
	}
	c.model = newModel(set, func(format string, args ...any) {
		t.Fatalf("crashes after steps %v: %s", crashes, fmt.Sprintf(format, args...))
	})
	c.now = c.now.Add(time.Second)
	c.run()
	c.checkEnd()
	return c
}

// TestCrashAtEveryStep crashes after every elementary step of the scenario, and after every pair of steps.
func TestCrashAtEveryStep(t *testing.T) {
	undisturbed := runWithCrashes(t)
	all, pairs := undisturbed.steps, 0
	for i := 1; i <= all; i++ {
		steps := runWithCrashes(t, i).steps
		for j := i + 1; j <= steps; j++ {
			runWithCrashes(t, i, j)
			pairs++
		}
	}
	t.Logf("%d steps, %d pairs", all, pairs)
	second := undisturbed.set.Names.Pod(undisturbed.entries[0].ID, 1, 2) // the second attempt of the evicted worker
	if all < 50 || undisturbed.posted[second] != 1 || len(undisturbed.selected) != 2 {
		t.Errorf("the scenario has %d steps, Pods %v, victims %v", all, undisturbed.posted, undisturbed.selected)
	}
}
