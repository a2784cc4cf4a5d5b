package worker

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// ended1 is a world whose one worker has succeeded; its Pod is still there.
func ended1(t *testing.T) (*world, string) {
	t.Helper()
	w, name := created1(t)
	w.advance(name, PhaseSucceeded)
	w.deliverWatch(9)
	w.commit(len(w.writes), false)
	return w, name
}

// TestUnseenEndOfAPod: the DELETE is taken, and the watch never says that the Pod is gone. It is sent again, and what
// is gone already is the end of it.
func TestUnseenEndOfAPod(t *testing.T) {
	w, _ := ended1(t)
	w.pass(30 * time.Second)
	w.serveRemove(0, false)
	w.watched = nil // somebody edited the label before
	w.reply(0)
	w.pass(goneTimeout - time.Second)
	if len(w.removes) != 0 {
		t.Fatal("the DELETE is sent again too soon")
	}
	w.pass(time.Second)
	if len(w.removes) != 1 {
		t.Fatal("the DELETE is not sent again")
	}
	w.serveRemove(0, false)
	w.reply(0)
	if len(w.core.removals.byPod) != 0 || len(w.core.events) != 0 {
		t.Errorf("%d removals and %d events are kept", len(w.core.removals.byPod), len(w.core.events))
	}
}

// TestPodOutlivesItsRecord: we were down for longer than the record is kept. The mark says that the event was taken in,
// and the record of an open event does not expire: so it is closed, and its ended Pod goes.
func TestPodOutlivesItsRecord(t *testing.T) {
	w, name := ended1(t)
	id := event.ID{Ms: 1000}
	delete(w.records, id)
	w.now = w.now.Add(48 * time.Hour)
	w.begin()
	w.serveAsk(0, false)
	w.reply(0)
	if len(w.removes) != 1 || w.removes[0].Name != name {
		t.Errorf("DELETEs %v, want of %s", w.removes, name)
	}
}

// TestPodWithoutRecordOrMarkIsLeftAlone: Redis was emptied, so nothing is known.
func TestPodWithoutRecordOrMarkIsLeftAlone(t *testing.T) {
	for name, at := range map[string]struct {
		mark  event.ID
		phase Phase
	}{
		"it has ended, no mark":      {event.ID{}, PhaseSucceeded},
		"it runs, the mark is there": {event.ID{Ms: 1000}, PhaseRunning},
	} {
		t.Run(name, func(t *testing.T) {
			w, pod := created1(t)
			w.advance(pod, at.phase)
			w.records, w.mark = map[event.ID]*Record{}, at.mark
			w.begin()
			w.serveAsk(0, false)
			w.reply(0)
			w.pass(time.Hour)
			if len(w.removes) != 0 {
				t.Error("it is deleted")
			}
		})
	}
}
