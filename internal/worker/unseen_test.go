package worker

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// TestHiddenPodRan: the watch shows an unbound Pod as gone because its labels were taken off. It runs, hidden, and is deleted:
// that it had no node once is no proof that it never ran.
func TestHiddenPodRan(t *testing.T) {
	m, name := oneCreated(t)
	m.showPod(name)
	m.deliverWatch(9)
	m.removeLabels(name)
	m.deliverWatch(9)
	m.answerRequests() // it exists
	m.setPhase(name, PhaseRunning)
	delete(m.pods, name)
	m.advanceTime(recheckInterval)
	m.answerRequests()
	if got := m.outcome(1); got.State != StateCancelled && got.State != StateLost {
		t.Errorf("a Pod that ran ends as %+v", got)
	}
}

func (m *model) answerRequests() {
	for len(m.requests) > 0 {
		m.serveRequest(0, false)
		m.deliverReply(0)
	}
}

// TestPodFromTheFuture: somebody made a Pod of an event that cannot exist yet. It holds a place and is left alone; nothing is
// recorded of it.
func TestPodFromTheFuture(t *testing.T) {
	m := newModel(testSettings(), t.Fatalf)
	id := event.ID{Ms: 99_999_999_999_999}
	name := m.set.Names.Pod(id, 1, 1)
	origin := event.Event{EventID: id, Type: event.ScaleUp, PodCount: 1, Timestamp: time.Unix(1, 0), IdempotencyKey: "somebody's"}
	m.addPod(PodSpec{Name: name, Event: &origin, Slot: 1, Attempt: 1})
	m.setPhase(name, PhaseRunning)
	m.deliverWatch(9)
	for range 3 {
		m.answerRequests()
		for _, w := range m.writes {
			if _, is := w.(View); !is {
				t.Errorf("written: %+v", w)
			}
		}
		m.commit(len(m.writes), false)
		m.advanceTime(rebuildDelay)
	}
	if m.core.capacity() != m.set.MaxWorkers-1 || m.pods[name] == nil {
		t.Errorf("capacity %d, Pods %v", m.core.capacity(), m.podNames())
	}
}

// TestClocksOfUnmarkedPods: the process dies between a POST and its mark. What the next term finds its Pod to wait for is known
// to the term after it.
func TestClocksOfUnmarkedPods(t *testing.T) {
	m := modelWithPods(t, "1", "")
	name := m.podNames()[0]
	m.pods[name].obs.Gated, m.pods[name].obs.Reason = true, "SchedulingGated"
	m.writes = nil
	m.beginTerm()
	m.commit(len(m.writes), false)
	m.advanceTime(time.Hour)
	m.commit(len(m.writes), false)
	m.pods[name].obs.Gated, m.pods[name].obs.Reason = false, ReasonUnschedulable // while nobody watches
	m.beginTerm()
	if got := m.outcome(1); got.State.IsOutcome() {
		t.Errorf("its gate has just gone: %+v", got)
	}
}

// TestRanSurvivesATerm: a term saw an init container run. The kubelet rejects the Pod after the next term has begun, or before.
func TestRanSurvivesATerm(t *testing.T) {
	for _, rejectedFirst := range []bool{false, true} {
		m, name := oneCreated(t)
		m.pods[name].obs.Ran = true
		m.show(name)
		m.commit(len(m.writes), false)
		if rejectedFirst {
			m.pods[name].reject()
		}
		m.beginTerm()
		m.pods[name].reject()
		m.show(name)
		if got := m.outcome(1); got.State != StateLost {
			t.Errorf("rejected first %v: %+v", rejectedFirst, got)
		}
		m.runToEnd()
		if len(m.clocks) > 1 { // that of its template
			t.Errorf("clocks are left: %v", m.clocks)
		}
	}
}

// TestNodeClockAhead: a main container that a signal has ended decides after a minute by our clock, whatever the node's says.
func TestNodeClockAhead(t *testing.T) {
	m, name := oneCreated(t)
	m.setPhase(name, PhaseRunning)
	o := &m.pods[name].obs
	o.MainEnded, o.ExitCode, o.Reason, o.Finished = true, new(143), "Error", m.now.Add(1000*time.Hour)
	m.show(name)
	if m.advanceTime(signalPatience / 2); m.outcome(1).State.IsOutcome() {
		t.Error("it has an outcome before the minute is over")
	}
	if m.advanceTime(signalPatience); m.outcome(1).State != StateFailed {
		t.Errorf("after it: %+v", m.outcome(1))
	}
}

// TestSelectedMainEndUnknown: what a scale_down has selected is cancelled, also when nobody knows how its main container ended.
func TestSelectedMainEndUnknown(t *testing.T) {
	m, p := running(t)
	m.send("type", "scale_down", "pod_count", "1")
	p.obs.MainEnded, p.obs.EndUnknown, p.obs.Reason = true, true, "ContainerStatusUnknown"
	m.show(p.obs.Ref.Name)
	if got := m.outcome(1); got.State != StateCancelled {
		t.Errorf("%+v", got)
	}
}

// TestOrphanGoneWhileRebuilt: a Pod of a second attempt goes while the record of its event is being written.
func TestOrphanGoneWhileRebuilt(t *testing.T) {
	m := newModel(testSettings(), t.Fatalf)
	name := m.addOrphanPod(1, 2, originWith(func(e *event.Event) { e.PodCount = 1 }))
	m.deliverWatch(9)
	m.answerRequests()
	m.commit(len(m.writes), false)
	m.advanceTime(rebuildDelay)
	m.answerRequests()
	m.removePod(name)
	m.deliverWatch(9)
	m.commit(len(m.writes), false)
	for range 3 {
		m.answerRequests()
		m.commit(len(m.writes), false)
		m.advanceTime(time.Minute)
	}
	if r := m.records[event.ID{Ms: 1000}]; r == nil || !r.Closed || m.core.holding() != 0 {
		t.Errorf("minutes later: %+v, %d hold capacity", r, m.core.holding())
	}
}

// TestEntryOfReplacedStream: the stream counts from below what was accepted, and has an entry that has a record.
func TestEntryOfReplacedStream(t *testing.T) {
	m, name := oneCreated(t)
	m.setPhase(name, PhaseSucceeded)
	m.runToEnd()
	id := m.entries[0].ID
	m.core = newState(m.set)
	m.core.step(m.now, loaded{replaced: id})
	m.step(entries{[]Entry{{ID: id, Fields: m.entries[0].Fields}}})
	m.answerRequests()
	if len(m.writes) != 1 || m.writes[0] != (Ack{id}) {
		t.Errorf("written: %+v, want an Ack alone", m.writes)
	}
}
