package worker

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// A batch that was read before a commit may be handed over after it. Its entries were dealt with meanwhile, although
// nothing in the batch says so.

func staleWorld(t *testing.T, entries ...map[string]string) *world {
	w := newWorld(testSettings(), t.Fatalf)
	for i, f := range entries {
		w.entries = append(w.entries, Entry{ID: event.ID{Ms: 1000, Seq: uint64(i)}, Fields: f})
	}
	return w
}

func TestStaleBatchIsNotRefusedTwice(t *testing.T) {
	w := staleWorld(t, eventtest.Fields("pod_count", "0"))
	w.deliverNew(1)
	w.readPending() // the refusal is not committed: the entry is still pending
	w.commit(1, false)
	w.handOver()
	w.heal() // a second dead letter would be fatal
	w.checkEnd()
}

func TestStaleBatchIsNotAcceptedTwice(t *testing.T) {
	w := staleWorld(t, eventtest.Fields("idempotency_key", "k"), eventtest.Fields("idempotency_key", "k"))
	w.deliverNew(1)
	w.readNew(1) // nobody holds the key yet
	for len(w.core.events) == 0 || !w.core.events[event.ID{Ms: 1000}].closed {
		w.commit(len(w.writes), false)
		for len(w.creates) > 0 {
			w.serveCreate(0, "")
		}
		for len(w.replies) > 0 {
			w.reply(0)
		}
		for _, name := range w.podNames() {
			w.advance(name, PhaseSucceeded)
		}
		w.deliverWatch(len(w.watched))
	}
	for _, name := range w.podNames() { // with its last Pod the first event is forgotten
		w.vanish(name)
	}
	w.deliverWatch(len(w.watched))
	if len(w.core.events) != 0 {
		t.Fatal("the first event is still in hand")
	}
	w.heal()
	w.checkEnd()
	if of, ok := w.dups[event.ID{Ms: 1000, Seq: 1}]; !ok || of != (event.ID{Ms: 1000}) {
		t.Errorf("the second entry is a duplicate of %v (%v), want of the first", of, ok)
	}
}

// TestPoison: what was delivered again and again without being taken in is a dead letter by its ID alone. With a record it
// was taken in.
func TestPoison(t *testing.T) {
	w := newWorld(testSettings(), t.Fatalf)
	known := w.send("pod_count", "1")
	unknown := w.add(eventtest.Fields("pod_count", "1"))
	w.read = len(w.entries)
	w.pending[unknown] = true
	w.feed(entries{[]Entry{
		{ID: known, Redelivered: true, Poisonous: true}, {ID: unknown, Redelivered: true, Poisonous: true},
	}})
	w.heal()
	w.checkEnd()
	if w.dead[unknown] != event.CodePoison || w.dead[known] != "" {
		t.Errorf("dead letters %v", w.dead)
	}
}

// TestTooLarge: an entry is judged by what was sent, not by what was kept of it.
func TestTooLarge(t *testing.T) {
	w := staleWorld(t, eventtest.Fields(), eventtest.Fields())
	w.entries[0].Size = Size{Fields: 3, Bytes: event.MaxEntryBytes + 1, Sum: "s"}
	w.entries[1].Size = Size{Fields: 3, Bytes: event.MaxEntryBytes, Sum: "s"}
	w.heal()
	w.checkEnd()
	if large, fits := w.dead[w.entries[0].ID], w.dead[w.entries[1].ID]; large != event.CodeTooLarge || fits != "" {
		t.Errorf("dead letters %q and %q", large, fits)
	}
}

// TestIdempotencyConflict: a key that is held refuses what asks for something else, and takes the same for a duplicate.
func TestIdempotencyConflict(t *testing.T) {
	w := newWorld(testSettings(), t.Fatalf)
	first := w.send("idempotency_key", "k", "task_id", "t")
	same := w.send("idempotency_key", "k", "task_id", "t", "timestamp", "1700000000")
	var others []event.ID
	for _, other := range []map[string]string{
		eventtest.Fields("idempotency_key", "k", "task_id", "u"), eventtest.Fields("idempotency_key", "k", "task_id", "t", "pod_count", "2"),
		eventtest.Fields("idempotency_key", "k", "task_id", "t", "type", "scale_down"), eventtest.Fields("idempotency_key", "k", "task_id", "t", "k", "v"),
	} {
		others = append(others, w.add(other))
	}
	w.heal()
	w.checkEnd()
	if of := w.dups[same]; of != first {
		t.Errorf("the same is a duplicate of %v, want of %v", of, first)
	}
	for _, id := range others {
		if w.dead[id] != event.CodeConflict {
			t.Errorf("another content under the key: dead letter %q", w.dead[id])
		}
	}
}
