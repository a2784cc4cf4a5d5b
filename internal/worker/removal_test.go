package worker

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// oneSucceeded is a model whose one worker has succeeded and whose Pod still exists; it returns the Pod's name.
func oneSucceeded(t *testing.T) (*model, string) {
	t.Helper()
	m, name := oneCreated(t)
	m.setPhase(name, PhaseSucceeded)
	m.deliverWatch(9)
	m.commit(len(m.writes), false)
	return m, name
}

// TestDeleteRepeatedWhileNotSeenGone: the watch never shows that a deleted Pod is gone. The DELETE is sent again, and ErrGone
// ends the removal.
func TestDeleteRepeatedWhileNotSeenGone(t *testing.T) {
	m, _ := oneSucceeded(t)
	m.advanceTime(30 * time.Second)
	m.serveRemove(0, false)
	m.watched = nil // the label was edited before
	m.deliverReply(0)
	m.advanceTime(goneTimeout - time.Second)
	if len(m.removes) != 0 {
		t.Fatal("the DELETE is sent again too soon")
	}
	m.advanceTime(time.Second)
	if len(m.removes) != 1 {
		t.Fatal("the DELETE is not sent again")
	}
	m.serveRemove(0, false)
	m.deliverReply(0)
	if len(m.core.removals.byPod) != 0 || len(m.core.events) != 0 {
		t.Errorf("%d removals and %d events are kept", len(m.core.removals.byPod), len(m.core.events))
	}
}

// TestEndedPodWithExpiredRecord: no term ran for longer than a closed record is kept. The last accepted ID shows that the
// event was accepted, and the record of an open event does not expire: so it was closed, and its ended Pod is deleted.
func TestEndedPodWithExpiredRecord(t *testing.T) {
	m, name := oneSucceeded(t)
	id := event.ID{Ms: 1000}
	delete(m.records, id)
	m.now = m.now.Add(48 * time.Hour)
	m.beginTerm()
	m.serveRequest(0, false)
	m.deliverReply(0)
	if len(m.removes) != 1 || m.removes[0].Name != name {
		t.Errorf("DELETEs %v, want %s", m.removes, name)
	}
}

// TestPodWithoutRecordIsKept: Redis lost its data, so the Pod may be that of an open worker.
func TestPodWithoutRecordIsKept(t *testing.T) {
	for name, at := range map[string]struct {
		lastAccepted event.ID
		phase        Phase
	}{
		"ended, nothing accepted since":   {event.ID{}, PhaseSucceeded},
		"running, nothing accepted since": {event.ID{}, PhaseRunning},
		"ended, others accepted since":    {event.ID{Ms: 1001}, PhaseSucceeded},
		"running, others accepted since":  {event.ID{Ms: 1001}, PhaseRunning},
	} {
		t.Run(name, func(t *testing.T) {
			m, pod := oneCreated(t)
			m.setPhase(pod, at.phase)
			m.records, m.lastAccepted, m.complete = map[event.ID]*Record{}, at.lastAccepted, event.ID{Ms: 1000}
			m.beginTerm()
			m.serveRequest(0, false)
			m.deliverReply(0)
			m.advanceTime(time.Hour)
			if len(m.removes) != 0 {
				t.Error("it is deleted")
			}
		})
	}
}

// TestRemovals: one removal for each Pod name, sent in the order they became due, without those that are done meanwhile.
func TestRemovals(t *testing.T) {
	r := newRemovals()
	a, b, c := PodRef{Name: "a", UID: "1"}, PodRef{Name: "b", UID: "1"}, PodRef{Name: "c", UID: "1"}
	for _, ref := range []PodRef{c, a, b} {
		rm, isNew := r.plan(ref)
		if again, isNewAgain := r.plan(ref); !isNew || isNewAgain || again != rm {
			t.Fatalf("%v is planned twice", ref)
		}
		r.makeDue(rm)
	}
	if r.get(PodRef{Name: "a", UID: "2"}) != nil || r.get(a) == nil {
		t.Error("get does not tell Pods of one name apart")
	}
	if gone := r.missing(map[PodRef]bool{b: true}); len(gone) != 2 || gone[0].ref != a || gone[1].ref != c {
		t.Errorf("missing: %v", gone)
	}
	r.drop(r.get(a))
	for _, want := range []PodRef{c, b} {
		if rm := r.next(); rm == nil || rm.ref != want || rm.phase != removalSent {
			t.Errorf("next is %+v, want %v", rm, want)
		}
	}
	if rm := r.next(); rm != nil {
		t.Errorf("next is %+v, want none", rm)
	}
}

// TestRemovalOfReplacedPod: a removal that is done is skipped although its name has a new one.
func TestRemovalOfReplacedPod(t *testing.T) {
	r := newRemovals()
	old, _ := r.plan(PodRef{Name: "a", UID: "1"})
	r.makeDue(old)
	r.drop(old)
	r.plan(PodRef{Name: "a", UID: "2"})
	if rm := r.next(); rm != nil {
		t.Errorf("next is %+v, want none: the new one is not due", rm)
	}
}
