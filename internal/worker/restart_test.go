package worker

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// TestOldEntryWithoutRecordIsADuplicate: what was taken in before, and whose record has expired, is not run again when
// a failover of Redis brings it back.
func TestOldEntryWithoutRecordIsADuplicate(t *testing.T) {
	w := staleWorld(t, eventtest.Fields())
	w.deliverNew(1)
	w.heal()
	delete(w.records, event.ID{Ms: 1000}) // its TTL is over
	w.closed = map[event.ID]Counts{}
	w.pending[event.ID{Ms: 1000}] = true // an acknowledgement that Redis forgot
	posts := len(w.posted)
	w.begin()
	w.heal()
	if of, ok := w.dups[event.ID{Ms: 1000}]; !ok || !of.IsZero() {
		t.Errorf("it is a duplicate of %v: %v", of, ok)
	}
	if len(w.posted) != posts {
		t.Error("it ran again")
	}
}

// TestNothingStartsBeforeTheList: a term asks for no Pod before it has seen which there are.
func TestNothingStartsBeforeTheList(t *testing.T) {
	w := staleWorld(t, eventtest.Fields("pod_count", "2"))
	w.deliverNew(1)
	w.commit(1, false)
	w.serveCreate(0, "") // it is created, and we die before its mark
	core := newState(w.set)
	rec := w.copyOf(w.records[event.ID{Ms: 1000}])
	for _, e := range core.step(w.now, loaded{records: []Record{rec}, lastAccepted: w.mark}) {
		t.Errorf("before the list: %T", e)
	}
	var posts []string
	var pods []Observation
	for _, name := range w.podNames() {
		pods = append(pods, w.pods[name].obs)
	}
	for _, e := range core.step(w.now, observed{pods, true}) {
		if c, ok := e.(create); ok {
			posts = append(posts, c.Name)
		}
	}
	if len(posts) != 1 || posts[0] != "otto-agent-2-1000-0" {
		t.Errorf("POSTs %v, want slot 2 alone: slot 1 has its Pod", posts)
	}
}

// TestEndedPodsGoAfterARestart: the record of a term before is enough to clean up.
func TestEndedPodsGoAfterARestart(t *testing.T) {
	w := drive(t, "2", "")
	w.commit(9, false)
	first, second := w.podNames()[0], w.podNames()[1]
	w.advance(first, PhaseSucceeded)
	w.deliverWatch(9)
	w.commit(9, false)
	w.begin()
	w.pass(30 * time.Second)
	if len(w.removes) != 1 || w.removes[0].Name != first {
		t.Fatalf("DELETEs %v, want %s", w.removes, first)
	}
	w.advance(second, PhaseSucceeded)
	w.heal()
	w.checkEnd()
}

// TestStopBeginsNothing: after the stop nothing new is sent, and what is in flight is finished.
func TestStopBeginsNothing(t *testing.T) {
	w := drive(t, "2", "")
	for _, name := range w.podNames() {
		w.advance(name, PhaseSucceeded)
	}
	w.deliverWatch(9)
	w.feed(stop{})
	w.commit(9, false)
	w.entries = append(w.entries, Entry{ID: event.ID{Ms: 2000}, Fields: eventtest.Fields()})
	w.deliverNew(1)
	w.commit(9, false)
	w.pass(time.Hour)
	if n := len(w.removes) + len(w.creates); n != 0 {
		t.Errorf("%d requests after the stop", n)
	}
	if !w.core.idle() {
		t.Error("it does not come to rest")
	}
}
