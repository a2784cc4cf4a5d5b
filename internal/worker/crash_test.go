package worker

import (
	"fmt"
	"testing"
	"time"
)

// crashRun plays one script in elementary steps and kills us after those that are named.
type crashRun struct {
	*model
	steps   int
	crashes map[int]bool
}

// step counts one elementary action that was done; the process dies right after it, if that was asked for. Of what is in
// flight half arrives.
func (c *crashRun) count() {
	c.steps++
	if c.crashes[c.steps] {
		c.crash(len(c.creates) / 2)
	}
}

// write commits one write in two steps: it is applied, and the reply arrives. A crash in between is a lost reply.
func (c *crashRun) write() {
	c.steps++
	c.commit(1, c.crashes[c.steps])
	c.count()
}

// script is two scale_ups with room for three workers, of which one is evicted and one fails; a scale_down of two, sent
// twice under one key; and an entry that is none.
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
			c.fatal("it does not come to rest: %d open, Pods %v", c.openRecords(), c.podNames())
		}
		c.round()
	}
}

func (c *crashRun) done() bool {
	return c.idle() && c.openRecords() == 0 && len(c.pods) == 0 && c.read == len(c.entries) && len(c.core.removals.byPod) == 0
}

// round does one of each action that can be done, and lets time pass when there is nothing.
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

// live is the kubelet's turn, then time's.
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

// TestCrashAtEveryStep dies after every elementary step of the script, and after every pair of steps.
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
	if again := undisturbed.set.Names.Pod(undisturbed.entries[0].ID, 1, 2); all < 50 || undisturbed.posted[again] != 1 || len(undisturbed.selected) != 2 {
		t.Errorf("the script has %d steps, Pods %v, victims %v", all, undisturbed.posted, undisturbed.selected)
	}
}
