package worker

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// running is a model with one recorded worker whose Pod runs.
func running(t *testing.T) (*model, *modelPod) {
	t.Helper()
	m, name := oneCreated(t)
	m.setPhase(name, PhaseRunning)
	m.show(name)
	return m, m.pods[name]
}

// show delivers what the watch shows of a Pod, and commits.
func (m *model) show(name string) {
	m.showPod(name)
	m.deliverWatch(99)
	m.commit(99, false)
}

// reject is a kubelet that was restarted: it admits the Pod anew, rejects it and wipes its status.
func (p *modelPod) reject() {
	p.obs.Phase, p.obs.Rejected, p.obs.Reason, p.obs.Ran = PhaseFailed, true, "UnexpectedAdmissionError", false
}

// TestRejectedPod: what ran is not run again, also where only an earlier term knows it.
func TestRejectedPod(t *testing.T) {
	for name, c := range map[string]struct {
		before func(m *model, name string)
		want   State
	}{
		"it never ran":              {func(*model, string) {}, StateRetrying},
		"it ran":                    {func(m *model, name string) { m.setPhase(name, PhaseRunning); m.show(name) }, StateLost},
		"it ran, a new term begins": {func(m *model, name string) { m.setPhase(name, PhaseRunning); m.show(name); m.beginTerm() }, StateLost},
		"it ran, and is rejected between two terms": {func(m *model, name string) {
			m.setPhase(name, PhaseRunning)
			m.show(name)
			m.pods[name].reject()
			m.beginTerm()
		}, StateLost},
		"only its init container ran":  {func(m *model, name string) { m.pods[name].obs.Ran = true; m.show(name) }, StateLost},
		"never ran, a new term begins": {func(m *model, _ string) { m.beginTerm() }, StateRetrying},
	} {
		t.Run(name, func(t *testing.T) {
			m, pod := oneCreated(t)
			c.before(m, pod)
			m.pods[pod].reject()
			m.show(pod)
			if got := m.outcome(1); got.State != c.want || got.Reason != "UnexpectedAdmissionError" || got.ExitCode != nil {
				t.Errorf("it is %+v, want %s", got, c.want)
			}
			m.runToEnd()
			m.checkEnd()
		})
	}
}

// TestSelectedPodWithoutEnd: how a selected worker's Pod ended does not matter, unless it succeeded.
func TestSelectedPodWithoutEnd(t *testing.T) {
	m, p := running(t)
	down := m.send("type", "scale_down", "pod_count", "1")
	m.deliverWatch(9)
	p.obs.Phase, p.obs.EndUnknown, p.obs.Reason = PhaseFailed, true, "Unknown"
	m.show(p.obs.Ref.Name)
	if got := m.outcome(1); got.State != StateCancelled || got.Reason != ReasonScaledDown {
		t.Errorf("it is %+v, want cancelled (ScaledDown)", got)
	}
	m.runToEnd()
	m.checkEnd()
	if got := m.closed[down]; got.Cancelled != 1 {
		t.Errorf("the scale_down closes with %+v", got)
	}
}

// TestEvictedWithoutGrace: the condition passes by and the Pod is gone, in one observation or in two, or a relist finds it gone.
func TestEvictedWithoutGrace(t *testing.T) {
	for name, gone := range map[string]func(m *model, name string){
		"in one observation": func(m *model, name string) { m.removePod(name) },
		"in two":             func(m *model, name string) { m.show(name); m.removePod(name) },
		"found by a relist":  func(m *model, name string) { m.show(name); delete(m.pods, name); m.list() },
	} {
		t.Run(name, func(t *testing.T) {
			m, p := running(t)
			p.obs.Disrupted, p.obs.Reason = true, "EvictionByEvictionAPI"
			gone(m, p.obs.Ref.Name)
			m.deliverWatch(9)
			m.serveRequest(0, false)
			m.deliverReply(0)
			if got := m.outcome(1); got.State != StateRetrying || got.Reason != "EvictionByEvictionAPI" {
				t.Errorf("it is %+v, want retrying (EvictionByEvictionAPI)", got)
			}
			m.runToEnd()
			m.checkEnd()
		})
	}
}

// TestEvictionWithdrawn: a Pod that was to be evicted and is not any more is somebody's who deletes it later.
func TestEvictionWithdrawn(t *testing.T) {
	m, p := running(t)
	name := p.obs.Ref.Name
	p.obs.Disrupted = true
	m.show(name)
	p.obs.Disrupted = false
	m.show(name)
	m.removePod(name)
	m.deliverWatch(9)
	m.serveRequest(0, false)
	m.deliverReply(0)
	if got := m.outcome(1); got.State != StateLost {
		t.Errorf("it is %+v, want lost", got)
	}
}

// TestMainContainerEnds: the outcome first, then the DELETE, and the Pod holds capacity until it is gone: others run in it.
func TestMainContainerEnds(t *testing.T) {
	m, p := running(t)
	p.obs.MainEnded, p.obs.ExitCode, p.obs.Container = true, new(0), "agent"
	m.showPod(p.obs.Ref.Name)
	m.deliverWatch(9)
	if len(m.removes) != 0 {
		t.Fatal("a DELETE before the outcome is recorded")
	}
	if got := m.outcome(1); got.State != StateSucceeded || *got.ExitCode != 0 {
		t.Errorf("it is %+v, want succeeded", got)
	}
	if len(m.removes) != 1 || m.core.capacity() != m.set.MaxWorkers-1 {
		t.Errorf("%d DELETEs, capacity %d: want one at once, and none given back", len(m.removes), m.core.capacity())
	}
	m.serveRemove(0, false)
	m.deliverReply(0)
	m.removePod(p.obs.Ref.Name)
	m.deliverWatch(9)
	if m.core.capacity() != m.set.MaxWorkers {
		t.Errorf("capacity %d after the Pod is gone", m.core.capacity())
	}
	m.runToEnd()
	m.checkEnd()
}

// TestStartTimeout: the Pod and its newest warning are asked for when the timeout strikes, not before, and again if there was
// no answer. A Pod that has started meanwhile is left alone.
func TestStartTimeout(t *testing.T) {
	for name, started := range map[string]bool{"it hangs": false, "it has started": true} {
		t.Run(name, func(t *testing.T) {
			m, pod := oneCreated(t)
			p := m.pods[pod]
			p.obs.Node, p.obs.Starting = "node-1", m.now
			m.show(pod)
			m.advanceTime(9 * time.Minute)
			if len(m.requests) != 0 {
				t.Fatalf("asked after nine minutes: %v", m.requests)
			}
			m.advanceTime(time.Minute)
			m.serveRequest(0, true)
			m.deliverReply(0)
			m.advanceTime(recheckInterval)
			if p.obs.Warning = "FailedMount: no such volume"; started {
				m.setPhase(pod, PhaseRunning)
				p.obs.Starting, p.obs.Warning = time.Time{}, ""
			}
			m.serveRequest(0, false)
			m.deliverReply(0)
			want := SlotRecord{State: StateFailed, Reason: ReasonStartTimeout}
			if started {
				want = SlotRecord{State: StateRunning}
			}
			if got := m.outcome(1); got.State != want.State || got.Reason != want.Reason {
				t.Errorf("it is %+v, want %+v", got, want)
			}
			m.runToEnd()
			m.checkEnd()
		})
	}
}

// TestNodeDown: the time alone decides.
func TestNodeDown(t *testing.T) {
	m, p := running(t)
	p.obs.NodeDown = m.now
	m.show(p.obs.Ref.Name)
	m.advanceTime(9 * time.Minute)
	if got := m.outcome(1); got.State != StateRunning {
		t.Fatalf("after nine minutes it is %+v", got)
	}
	m.advanceTime(time.Minute)
	if got := m.outcome(1); got.State != StateLost || got.Reason != ReasonNodeLost {
		t.Errorf("after ten minutes it is %+v, want lost (NodeLost)", got)
	}
	if m.core.capacity() != m.set.MaxWorkers {
		t.Errorf("it holds capacity: %d left", m.core.capacity())
	}
}

// TestRelabelledPod: admission changed the labels of a new Pod, so that the watch never shows it. It is asked for by name and
// UID until it has ended, also after the reply to its POST was lost.
func TestRelabelledPod(t *testing.T) {
	for _, fate := range []string{"relabelled", "relabelled, reply lost"} {
		t.Run(fate, func(t *testing.T) {
			m := modelWithPods(t, "1", fate)
			m.commit(9, false)
			name := m.podNames()[0]
			for range 3 {
				m.answerAll()
			}
			m.setPhase(name, PhaseRunning)
			m.answerAll()
			if got := m.outcome(1); got.State != StateRunning {
				t.Fatalf("it is %+v, want running", got)
			}
			m.setPhase(name, PhaseSucceeded)
			m.answerAll()
			if got := m.outcome(1); got.State != StateSucceeded {
				t.Errorf("it is %+v, want succeeded", got)
			}
		})
	}
}

// TestProtectedTemplate: what the template says counts until the watch has shown the Pod; then the Pod itself does.
func TestProtectedTemplate(t *testing.T) {
	for name, c := range map[string]struct {
		before func(m *model)
		want   int
	}{
		"not shown yet": {func(*model) {}, 0},
		"a new term has not shown it": {func(m *model) {
			for _, name := range m.podNames() {
				m.pods[name].unlabelled = true
			}
			m.beginTerm()
		}, 0},
		"shown, and not protected itself": {func(m *model) { m.deliverWatch(9) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			set := testSettings()
			set.Protected = func(template string) bool { return template == "" }
			m := newModel(set, t.Fatalf)
			m.someProtected = true
			m.add(eventtest.Fields("pod_count", "2"))
			m.deliverNew(1)
			m.commit(1, false)
			for len(m.creates) > 0 {
				m.serveCreate(0, "")
				m.deliverReply(0)
			}
			m.commit(9, false)
			c.before(m)
			down := m.add(eventtest.Fields("type", "scale_down", "pod_count", "2"))
			m.deliverNew(9)
			m.commit(9, false)
			m.commit(9, false)
			if got := len(m.records[down].Victims); got != c.want {
				t.Errorf("%d victims, want %d", got, c.want)
			}
		})
	}
}

// TestExhausted: only a worker that would have been retried has run out of attempts; one that broke its own limits has failed.
func TestExhausted(t *testing.T) {
	for name, disrupted := range map[string]bool{"evicted for the node's sake": true, "over its own limit": false} {
		t.Run(name, func(t *testing.T) {
			set := testSettings()
			set.MaxAttempts = 1
			m := newModel(set, t.Fatalf)
			m.send("pod_count", "1")
			pod := m.podNames()[0]
			m.pods[pod].obs.Disrupted, m.pods[pod].obs.Reason = disrupted, "Evicted"
			m.setPhase(pod, PhaseFailed)
			m.deliverWatch(9)
			var got []Report
			for _, w := range m.writes {
				if o, is := w.(Outcome); is {
					got = append(got, o.Report)
				}
			}
			if len(got) != 1 || got[0].State != StateFailed || got[0].Exhausted != disrupted {
				t.Errorf("outcomes %+v, want failed, exhausted %v", got, disrupted)
			}
		})
	}
}
