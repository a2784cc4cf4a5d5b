package worker

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// A batch that was read before a commit may be delivered after it. Nothing in it shows that its entries were decided on.
func TestStaleBatchIsNotRefusedTwice(t *testing.T) {
	m := modelWith(t, eventtest.Fields("pod_count", "0"))
	m.deliverNew(1)
	m.readPending() // the Reject is not committed: the entry is still pending
	m.commit(1, false)
	m.deliverAhead()
	m.runToEnd() // a second dead letter would be fatal
	m.checkEnd()
}

func TestStaleBatchIsNotAcceptedTwice(t *testing.T) {
	m := modelWith(t, eventtest.Fields("idempotency_key", "k"), eventtest.Fields("idempotency_key", "k"))
	m.deliverNew(1)
	m.readNew(1) // the key has no owner yet
	for len(m.core.events) == 0 || !m.core.events[event.ID{Ms: 1000}].closed {
		m.commit(len(m.writes), false)
		for len(m.creates) > 0 {
			m.serveCreate(0, "")
		}
		for len(m.replies) > 0 {
			m.deliverReply(0)
		}
		for _, name := range m.podNames() {
			m.setPhase(name, PhaseSucceeded)
		}
		m.deliverWatch(len(m.watched))
	}
	for _, name := range m.podNames() { // with its last Pod the first event is forgotten
		m.removePod(name)
	}
	m.deliverWatch(len(m.watched))
	if len(m.core.events) != 0 {
		t.Fatal("the first event is still tracked")
	}
	m.runToEnd()
	m.checkEnd()
	if of, ok := m.dups[event.ID{Ms: 1000, Seq: 1}]; !ok || of != (event.ID{Ms: 1000}) {
		t.Errorf("the second entry is a duplicate of %v (%v), want of the first", of, ok)
	}
}

// TestGroupSetBack: an entry of an earlier term is delivered as a new one.
func TestGroupSetBack(t *testing.T) {
	m := newModel(testSettings(), t.Fatalf)
	m.lastAccepted = event.ID{Ms: 5000}
	m.beginTerm()
	m.entries = append(m.entries, Entry{ID: event.ID{Ms: 1000}, Fields: eventtest.Fields("pod_count", "1")})
	m.deliverNew(1)
	m.runToEnd()
	if _, ok := m.dups[event.ID{Ms: 1000}]; !ok || len(m.posted) != 0 {
		t.Errorf("duplicates %v, Pods %v", m.dups, m.posted)
	}
}

// TestOldEntryWithoutRecordIsADuplicate: an entry that was accepted and whose record has expired is not run again when a
// failover of Redis loses its acknowledgement.
func TestOldEntryWithoutRecordIsADuplicate(t *testing.T) {
	m := modelWith(t, eventtest.Fields())
	m.deliverNew(1)
	m.runToEnd()
	delete(m.records, event.ID{Ms: 1000}) // expired
	m.closed = map[event.ID]Counts{}
	m.pending[event.ID{Ms: 1000}] = true // the acknowledgement is lost
	posts := len(m.posted)
	m.beginTerm()
	m.runToEnd()
	if of, ok := m.dups[event.ID{Ms: 1000}]; !ok || !of.IsZero() {
		t.Errorf("it is a duplicate of %v: %v", of, ok)
	}
	if len(m.posted) != posts {
		t.Error("it was started again")
	}
}

// TestPoisonEntry: an entry delivered too often without being accepted becomes a dead letter with its ID alone. One with a
// record was accepted.
func TestPoisonEntry(t *testing.T) {
	m := newModel(testSettings(), t.Fatalf)
	known := m.send("pod_count", "1")
	unknown := m.add(eventtest.Fields("pod_count", "1"))
	m.read = len(m.entries)
	m.pending[unknown] = true
	m.step(entries{[]Entry{
		{ID: known, Redelivered: true, Poisonous: true}, {ID: unknown, Redelivered: true, Poisonous: true},
	}})
	m.runToEnd()
	m.checkEnd()
	if m.dead[unknown] != event.CodePoison || m.dead[known] != "" {
		t.Errorf("dead letters %v", m.dead)
	}
}

// TestTooLargeEntry: the size of an entry is that of what was sent, not of what was kept.
func TestTooLargeEntry(t *testing.T) {
	m := modelWith(t, eventtest.Fields(), eventtest.Fields())
	m.entries[0].Size = Size{Fields: 3, Bytes: event.MaxEntryBytes + 1, Sum: "s"}
	m.entries[1].Size = Size{Fields: 3, Bytes: event.MaxEntryBytes, Sum: "s"}
	m.runToEnd()
	m.checkEnd()
	if large, fits := m.dead[m.entries[0].ID], m.dead[m.entries[1].ID]; large != event.CodeTooLarge || fits != "" {
		t.Errorf("dead letters %q and %q", large, fits)
	}
}

// TestIdempotencyConflict: with a key that has an owner, the same content is a duplicate and other content is rejected.
func TestIdempotencyConflict(t *testing.T) {
	m := newModel(testSettings(), t.Fatalf)
	first := m.send("idempotency_key", "k", "task_id", "t")
	same := m.send("idempotency_key", "k", "task_id", "t", "timestamp", "1700000000")
	var others []event.ID
	for _, other := range []map[string]string{
		eventtest.Fields("idempotency_key", "k", "task_id", "u"),
		eventtest.Fields("idempotency_key", "k", "task_id", "t", "pod_count", "2"),
		eventtest.Fields("idempotency_key", "k", "task_id", "t", "type", "scale_down"),
		eventtest.Fields("idempotency_key", "k", "task_id", "t", "k", "v"),
	} {
		others = append(others, m.add(other))
	}
	m.runToEnd()
	m.checkEnd()
	if of := m.dups[same]; of != first {
		t.Errorf("the same content is a duplicate of %v, want %v", of, first)
	}
	for _, id := range others {
		if m.dead[id] != event.CodeConflict {
			t.Errorf("other content with the key: dead letter %q", m.dead[id])
		}
	}
}
