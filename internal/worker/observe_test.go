package worker

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// TestReplacedPod: somebody replaces a worker's Pod by another of the same name and annotations. The worker is lost and
// never started again; the replacement is deleted.
func TestReplacedPod(t *testing.T) {
	for name, settled := range map[string]bool{"before its record": false, "after its record": true} {
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
			m.showPod(pod) // a later observation changes nothing
			m.deliverWatch(9)
			m.answerAll()
			if len(m.removes) != 1 || m.removes[0].UID != m.pods[pod].obs.Ref.UID {
				t.Errorf("DELETEs %v, want one of %v", m.removes, m.pods[pod].obs.Ref)
			}
			m.runToEnd()
			m.checkEnd()
			if m.posted[pod] != 2 || len(m.posted) != 1 {
				t.Errorf("Pods made: %v, want the first and its replacement", m.posted)
			}
		})
	}
}

// TestUnreadableAnnotations: the annotations of a running Pod are broken, so that the watch shows its name and UID alone.
// It is checked at once and stays running; later checks find its end. A Pod that shares only the name or the UID is ignored.
func TestUnreadableAnnotations(t *testing.T) {
	m := modelWithPods(t, "1", "")
	m.commit(9, false)
	pod := m.podNames()[0]
	m.setPhase(pod, PhaseRunning)
	m.deliverWatch(9)
	for _, ref := range []PodRef{{Name: pod, UID: "another"}, {Name: "web", UID: m.pods[pod].obs.Ref.UID}, {Name: "web", UID: ""}} {
		if m.step(observed{batch: []Observation{{Ref: ref}}}); len(m.requests) != 0 {
			t.Fatalf("checked %v, which is not ours", m.requests)
		}
	}
	m.step(observed{batch: []Observation{{Ref: m.pods[pod].obs.Ref, Gone: true}}})
	if len(m.requests) != 1 {
		t.Fatalf("checked %v, want our Pod once", m.requests)
	}
	m.serveRequest(0, false)
	m.deliverReply(0)
	if got := m.outcome(1); got.State != StateRunning {
		t.Fatalf("it is %+v, want running", got)
	}
	m.pods[pod].unlabelled = true // now the watch does not show it at all
	m.setPhase(pod, PhaseFailed)
	m.answerAll()
	if got := m.outcome(1); got.State != StateFailed {
		t.Errorf("outcome %+v, want failed", got)
	}
}

// TestUnreadablePodBeforeItsCreateReply: while a create is in flight, an unreadable Pod of its name may be another owner's.
func TestUnreadablePodBeforeItsCreateReply(t *testing.T) {
	m := modelWith(t, eventtest.Fields("pod_count", "1"))
	m.deliverNew(1)
	m.commit(1, false)
	ref := PodRef{Name: m.creates[0].Name, UID: "other"}
	m.takenNames[ref.Name] = true
	m.step(observed{batch: []Observation{{Ref: ref}}})
	m.serveCreate(0, "")
	m.deliverReply(0)
	if n := len(m.writes) + len(m.requests); n != 0 {
		t.Errorf("another owner's Pod is treated as ours: %v, %v", m.writes, m.requests)
	}
}

// TestLastObservationShowsTheEnd: a Pod is bound, ends and is deleted before the core sees any of it.
func TestLastObservationShowsTheEnd(t *testing.T) {
	m, name := oneCreated(t)
	m.setPhase(name, PhaseSucceeded)
	m.removePod(name)
	m.watched = m.watched[len(m.watched)-1:]
	m.deliverWatch(1)
	if got := m.outcome(1); got.State != StateSucceeded {
		t.Errorf("outcome %+v, want succeeded, as the last observation shows", got)
	}
	m.waitOutBackoff()
	if len(m.creates) != 0 {
		t.Errorf("it is started again: %s", m.creates[0].Name)
	}
}

// TestEndBeforeList: a Pod ends, or is deleted, and is not in the relist that comes before the core sees it. How it ended counts.
func TestEndBeforeList(t *testing.T) {
	for name, test := range map[string]struct {
		life func(m *model, pod string)
		want State
	}{
		"succeeded, deletion not seen": {func(m *model, pod string) {
			m.setPhase(pod, PhaseSucceeded)
			m.removePod(pod)
			m.watched = m.watched[:len(m.watched)-1]
		}, StateSucceeded},
		"failed and deleted": {func(m *model, pod string) {
			m.setPhase(pod, PhaseFailed)
			m.removePod(pod)
		}, StateFailed},
		"evicted and deleted": {func(m *model, pod string) {
			m.pods[pod].obs.Disrupted = true
			m.setPhase(pod, PhaseFailed)
			m.removePod(pod)
		}, StateRetrying},
		"deleted while it ran": {func(m *model, pod string) {
			m.deletePod(pod)
			m.removePod(pod)
		}, StateCancelled},
		"vanished": {func(m *model, pod string) {
			m.removePod(pod)
			m.watched = nil
		}, StateLost},
	} {
		t.Run(name, func(t *testing.T) {
			m, pod := oneCreated(t)
			m.setPhase(pod, PhaseRunning)
			m.deliverWatch(9)
			test.life(m, pod)
			m.list()
			m.answerAll()
			if got := m.outcome(1); got.State != test.want {
				t.Errorf("outcome %+v, want %s", got, test.want)
			}
			m.runToEnd()
			m.checkEnd()
		})
	}
}

// TestPodGoneBetweenTerms: a Pod that vanished while no term ran may have run, so its worker is lost.
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
		t.Errorf("it is started again: %s", m.creates[0].Name)
	}
}
