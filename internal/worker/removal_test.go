package worker

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// oneSucceeded is a model whose one worker has succeeded; its Pod is still there.
func oneSucceeded(t *testing.T) (*model, string) {
	t.Helper()
	m, name := oneCreated(t)
	m.setPhase(name, PhaseSucceeded)
	m.deliverWatch(9)
	m.commit(len(m.writes), false)
	return m, name
}

// TestDeleteRepeatedWhileNotSeenGone: the DELETE is taken, and the watch never says that the Pod is gone. It is sent again, and what
// is gone already is the end of it.
func TestDeleteRepeatedWhileNotSeenGone(t *testing.T) {
	m, _ := oneSucceeded(t)
	m.advanceTime(30 * time.Second)
	m.serveRemove(0, false)
	m.watched = nil // somebody edited the label before
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

// TestEndedPodWithExpiredRecord: we were down for longer than the record is kept. The mark says that the event was taken in,
// and the record of an open event does not expire: so it is closed, and its ended Pod goes.
func TestEndedPodWithExpiredRecord(t *testing.T) {
	m, name := oneSucceeded(t)
	id := event.ID{Ms: 1000}
	delete(m.records, id)
	m.now = m.now.Add(48 * time.Hour)
	m.beginTerm()
	m.serveRequest(0, false)
	m.deliverReply(0)
	if len(m.removes) != 1 || m.removes[0].Name != name {
		t.Errorf("DELETEs %v, want of %s", m.removes, name)
	}
}

// TestPodWithoutRecordIsKept: Redis was emptied, so nothing is known.
func TestPodWithoutRecordIsKept(t *testing.T) {
	for name, at := range map[string]struct {
		mark  event.ID
		phase Phase
	}{
		"it has ended, no mark":      {event.ID{}, PhaseSucceeded},
		"it runs, the mark is there": {event.ID{Ms: 1000}, PhaseRunning},
	} {
		t.Run(name, func(t *testing.T) {
			m, pod := oneCreated(t)
			m.setPhase(pod, at.phase)
			m.records, m.lastAccepted = map[event.ID]*Record{}, at.mark
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
