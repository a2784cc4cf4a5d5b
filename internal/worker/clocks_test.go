package worker

import (
	"testing"
	"time"
)

// TestClocksSurviveATerm: a new term judges as the one before would have.
func TestClocksSurviveATerm(t *testing.T) {
	unschedulable := func(p *modelPod) { p.obs.Reason = "Unschedulable" }
	pulls := func(p *modelPod) { p.obs.Node, p.obs.Waiting, p.obs.Reason = "node-1", WaitingImage, "ErrImagePull" }
	gate := func(p *modelPod) { p.obs.Gated, p.obs.Reason = true, "SchedulingGated" }
	ungate := func(p *modelPod) { p.obs.Gated, p.obs.Reason = false, "Unschedulable" }
	type step struct {
		change func(*modelPod)
		then   time.Duration
	}
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	for name, c := range map[string]struct {
		steps []step // before the new term
		away  func(*modelPod)
		left  time.Duration // that the worker has then: not failed a second before, failed at it
	}{
		"no node":                         {[]step{{unschedulable, minutes(10)}}, nil, minutes(5)},
		"its image":                       {[]step{{pulls, 90 * time.Second}}, nil, 30 * time.Second},
		"its image, after another wait":   {[]step{{unschedulable, minutes(10)}, {pulls, time.Minute}}, nil, time.Minute},
		"the gate is gone":                {[]step{{gate, minutes(60)}, {ungate, minutes(10)}}, nil, minutes(5)},
		"the gate went between the terms": {[]step{{gate, minutes(60)}}, ungate, minutes(15)},
	} {
		t.Run(name, func(t *testing.T) {
			m, pod := oneCreated(t)
			for _, s := range c.steps {
				s.change(m.pods[pod])
				m.show(pod)
				m.advanceTime(s.then)
				m.commit(99, false)
			}
			if c.away != nil {
				c.away(m.pods[pod])
			}
			m.beginTerm()
			m.advanceTime(c.left - time.Second)
			if got := m.outcome(1); got.State.IsOutcome() {
				t.Fatalf("a second too early it is %+v", got)
			}
			m.advanceTime(time.Second)
			if got := m.outcome(1); got.State != StateFailed {
				t.Errorf("it is %+v, want failed", got)
			}
			m.runToEnd()
			m.checkEnd()
			wantNoPodClocks(t, m)
		})
	}
}

// wantNoPodClocks: of Pods that are gone no clock is left, in Redis and in memory.
func wantNoPodClocks(t *testing.T, m *model) {
	t.Helper()
	for _, clocks := range []map[string]time.Time{m.clocks, m.core.clocks.saved} {
		for name := range clocks {
			if name != clockScheduled {
				t.Errorf("the clock %q is left", name)
			}
		}
	}
}

// TestProgressSurvivesATerm: a template of which Pods get nodes makes progress, although those Pods are gone when a new term
// begins; the last one that it shows counts more.
func TestProgressSurvivesATerm(t *testing.T) {
	for name, c := range map[string]struct {
		kept bool          // the Pods that got a node
		left time.Duration // of the timeout, at the start of the new term
	}{
		"from Redis":    {false, 13 * time.Minute}, // the second one got its node half a minute after what is saved
		"from the list": {true, 13*time.Minute + 30*time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			m := modelWithPods(t, "3", "")
			m.commit(99, false)
			names := m.podNames()
			m.deliverWatch(99)
			m.advanceTime(14 * time.Minute)
			for _, name := range names[:2] {
				m.setPhase(name, PhaseSucceeded)
				m.pods[name].obs.Scheduled = m.now
				m.show(name)
				m.advanceTime(30 * time.Second)
			}
			m.advanceTime(time.Minute)
			m.commit(99, false)
			if !c.kept {
				delete(m.pods, names[0])
				delete(m.pods, names[1])
			}
			m.beginTerm()
			m.advanceTime(c.left - time.Second)
			if got := m.outcome(3); got.State.IsOutcome() {
				t.Fatalf("a second too early it is %+v", got)
			}
			m.advanceTime(time.Second)
			if got := m.outcome(3); got.State != StateFailed || got.Reason != ReasonUnschedulable {
				t.Errorf("it is %+v, want failed (Unschedulable)", got)
			}
		})
	}
}

// TestClocksAreFew: the progress of a template is saved once in a while, not with every Pod.
func TestClocksAreFew(t *testing.T) {
	m := newModel(testSettings(), t.Fatalf)
	saved := 0
	for range 100 {
		m.send("pod_count", "1")
		for _, name := range m.podNames() {
			m.setPhase(name, PhaseSucceeded)
		}
		m.deliverWatch(99)
		for _, w := range m.writes {
			if _, is := w.(Clock); is {
				saved++
			}
		}
		m.commit(99, false)
		m.advanceTime(6 * time.Second)
	}
	if saved > 11 {
		t.Errorf("saved %d times in ten minutes", saved)
	}
}

// TestClocksArePruned: what Redis has of Pods that no slot has any more goes at the start of a term, and so does old progress.
func TestClocksArePruned(t *testing.T) {
	m, pod := oneCreated(t)
	m.clocks = map[string]time.Time{
		clockPulling + "otto-agent-9-9-0": m.now, clockPulling + pod: m.now, clockScheduled + "old": m.now.Add(-time.Hour),
		clockScheduled + "big": m.now.Add(time.Hour), "unknown": m.now,
	}
	m.beginTerm()
	m.commit(99, false)
	if _, kept := m.clocks[clockScheduled+"big"]; len(m.clocks) != 1 || !kept {
		t.Errorf("left: %v", m.clocks)
	}
	if at := m.core.clocks.scheduled["big"]; at.After(m.now) {
		t.Errorf("a clock is ahead of ours: %v", at)
	}
}
