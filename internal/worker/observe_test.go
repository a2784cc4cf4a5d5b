package worker

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// TestReplacedPod: somebody deletes a worker's Pod and puts another of its name, annotations and all, in its place. The
// worker has one outcome and never runs again; the other one, which came after the outcome, goes.
func TestReplacedPod(t *testing.T) {
	for name, settled := range map[string]bool{"before its mark": false, "after its mark": true} {
		t.Run(name, func(t *testing.T) {
			m := modelWithPods(t, "1", "")
			if settled {
				m.commit(9, false)
			}
			pod := m.podNames()[0]
			m.setPhase(pod, PhaseRunning)
			m.deliverWatch(9)
			old := m.pods[pod]
			m.removePod(pod)
			m.addPod(old.spec)
			m.setPhase(pod, PhaseRunning)
			m.deliverWatch(9)
			m.answerAll()
			if got := m.outcome(1); got.State != StateLost || got.UID != old.obs.Ref.UID {
				t.Errorf("outcome %+v, want lost, of %s", got, old.obs.Ref.UID)
			}
			m.showPod(pod) // whatever is seen of it next
			m.deliverWatch(9)
			m.answerAll()
			if len(m.removes) != 1 || m.removes[0].UID != m.pods[pod].obs.Ref.UID {
				t.Errorf("DELETEs %v, want one of %v", m.removes, m.pods[pod].obs.Ref)
			}
			m.runToEnd()
			m.checkEnd()
			if m.posted[pod] != 2 || len(m.posted) != 1 {
				t.Errorf("Pods made: %v, want ours and the other's", m.posted)
			}
		})
	}
}

// TestUnreadableAnnotations: somebody edits the annotations of a running Pod, so that the watch shows its name and UID alone. It is
// looked for at once, lives on, and its end is learnt by asking. What only has its name is none of ours.
func TestUnreadableAnnotations(t *testing.T) {
	m := modelWithPods(t, "1", "")
	m.commit(9, false)
	pod := m.podNames()[0]
	m.setPhase(pod, PhaseRunning)
	m.deliverWatch(9)
	for _, ref := range []PodRef{{Name: pod, UID: "another"}, {Name: "web", UID: m.pods[pod].obs.Ref.UID}, {Name: "web", UID: ""}} {
		if m.step(observed{batch: []Observation{{Ref: ref}}}); len(m.requests) != 0 {
			t.Fatalf("asked for %v, which is not ours", m.requests)
		}
	}
	m.step(observed{batch: []Observation{{Ref: m.pods[pod].obs.Ref, Gone: true}}})
	if len(m.requests) != 1 {
		t.Fatalf("asked %v, want for our Pod once", m.requests)
	}
	m.serveRequest(0, false)
	m.deliverReply(0)
	if got := m.outcome(1); got.State != StateRunning {
		t.Fatalf("it is %+v, want running", got)
	}
	m.pods[pod].unlabelled = true // not even that reaches us any more
	m.setPhase(pod, PhaseFailed)
	m.answerAll()
	if got := m.outcome(1); got.State != StateFailed {
		t.Errorf("outcome %+v, want failed", got)
	}
}

// TestUnreadablePodBeforeItsCreateReply: of a Pod that nobody has told us of yet, what is unreadable says nothing.
func TestUnreadablePodBeforeItsCreateReply(t *testing.T) {
	m := modelWith(t, eventtest.Fields("pod_count", "1"))
	m.deliverNew(1)
	m.commit(1, false)
	ref := PodRef{Name: m.creates[0].Name, UID: "somebody's"}
	m.takenNames[ref.Name] = true
	m.step(observed{batch: []Observation{{Ref: ref}}})
	m.serveCreate(0, "")
	m.deliverReply(0)
	if n := len(m.writes) + len(m.requests); n != 0 {
		t.Errorf("a takenNames Pod is taken for ours: %v, %v", m.writes, m.requests)
	}
}

// TestLastObservationShowsTheEnd: bound, ended and deleted by somebody before the loop took anything of it.
func TestLastObservationShowsTheEnd(t *testing.T) {
	m, name := oneCreated(t)
	m.setPhase(name, PhaseSucceeded)
	m.removePod(name)
	m.watched = m.watched[len(m.watched)-1:]
	m.deliverWatch(1)
	if got := m.outcome(1); got.State != StateSucceeded {
		t.Errorf("outcome %+v, want succeeded: the last sight says so", got)
	}
	m.waitOutBackoff()
	if len(m.creates) != 0 {
		t.Errorf("it runs again: %s", m.creates[0].Name)
	}
}

// TestPodGoneBetweenTerms: nobody knows whether it ran.
func TestPodGoneBetweenTerms(t *testing.T) {
	m, name := oneCreated(t)
	m.setPhase(name, PhaseSucceeded)
	m.removePod(name)
	m.beginTerm()
	for len(m.requests) > 0 {
		m.serveRequest(0, false)
		m.deliverReply(0)
	}
	if got := m.outcome(1); got.State != StateLost {
		t.Errorf("outcome %+v, want lost", got)
	}
	m.waitOutBackoff()
	if len(m.creates) != 0 {
		t.Errorf("it runs again: %s", m.creates[0].Name)
	}
}
