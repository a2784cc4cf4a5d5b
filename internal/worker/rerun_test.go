package worker

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// What may have run is never run again, whatever of its life we did not see.

// created1 is a world with one worker whose Pod is created and marked; the name is the Pod's.
func created1(t *testing.T) (*world, string) {
	t.Helper()
	w := drive(t, "1", "")
	w.commit(len(w.writes), false)
	return w, w.podNames()[0]
}

// settleDown answers what is asked and lets minutes pass: a pause before another attempt is over by then.
func (w *world) settleDown() {
	for range 3 {
		for len(w.asks) > 0 {
			w.serveAsk(0, false)
		}
		for len(w.replies) > 0 {
			w.reply(0)
		}
		w.commit(len(w.writes), false)
		w.pass(time.Minute)
	}
}

// TestOnlyTheLastSightOfAPod: bound, ended and deleted by somebody before the loop took anything of it.
func TestOnlyTheLastSightOfAPod(t *testing.T) {
	w, name := created1(t)
	w.advance(name, PhaseSucceeded)
	w.vanish(name)
	w.watched = w.watched[len(w.watched)-1:]
	w.deliverWatch(1)
	if got := w.outcome(1); got.State != StateSucceeded {
		t.Errorf("outcome %+v, want succeeded: the last sight says so", got)
	}
	w.settleDown()
	if len(w.creates) != 0 {
		t.Errorf("it runs again: %s", w.creates[0].Name)
	}
}

// TestVanishedWhileWeWereDown: nobody knows whether it ran.
func TestVanishedWhileWeWereDown(t *testing.T) {
	w, name := created1(t)
	w.advance(name, PhaseSucceeded)
	w.vanish(name)
	w.begin()
	for len(w.asks) > 0 {
		w.serveAsk(0, false)
		w.reply(0)
	}
	if got := w.outcome(1); got.State != StateLost {
		t.Errorf("outcome %+v, want lost", got)
	}
	w.settleDown()
	if len(w.creates) != 0 {
		t.Errorf("it runs again: %s", w.creates[0].Name)
	}
}

// TestGroupSetBack: an entry of an earlier term comes as if it were new.
func TestGroupSetBack(t *testing.T) {
	w := newWorld(testSettings(), t.Fatalf)
	w.mark = event.ID{Ms: 5000}
	w.begin()
	w.entries = append(w.entries, Entry{ID: event.ID{Ms: 1000}, Fields: eventtest.Fields("pod_count", "1")})
	w.deliverNew(1)
	w.heal()
	if _, ok := w.dups[event.ID{Ms: 1000}]; !ok || len(w.posted) != 0 {
		t.Errorf("duplicates %v, Pods %v", w.dups, w.posted)
	}
}

// TestPlaceInRoomGoesFirst: a slot without a place must not wait in front of those that hold all places.
func TestPlaceInRoomGoesFirst(t *testing.T) {
	s, l := newState(testSettings()), &templateQueue{}
	without, with := &slot{number: 1}, &slot{number: 2, holdsCapacity: true}
	l.retries.add(without)
	l.retries.add(with)
	if s.takeSlot(l) != with || s.takeSlot(l) != without {
		t.Error("the slot without a place goes first")
	}
}
