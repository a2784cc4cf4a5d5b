package worker

import (
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// flush empties Redis during a term. The term ends with its carryover; entries that were not accepted are lost.
func (m *model) flush() {
	for _, e := range m.entries {
		if _, dup := m.dups[e.ID]; m.records[e.ID] == nil && m.dead[e.ID] == "" && !dup {
			m.lostEntries[e.ID] = true
		}
	}
	m.late = nil // carried out now, its Pod would have no record, and its closed event would be rebuilt
	r := m.core.carryover()
	m.note("flush, carryover %+v", r)
	m.read, m.first, m.lastAccepted = len(m.entries), len(m.entries), event.ID{}
	m.clocks = map[string]time.Time{}
	m.records, m.keys, m.pending, m.selected = map[event.ID]*Record{}, map[string]keyOwner{}, map[event.ID]bool{}, map[Victim]bool{}
	m.cancelled = map[Victim]event.ID{}
	m.paused, m.applied = map[string]Paused{}, event.ID{}
	for rec := range r.Records() {
		m.apply(Restore{Record: rec, Hash: rec.Event.Hash()})
	}
	m.apply(Complete{Since: r.CompleteSince})
	m.beginTermWith(r)
}

// inStream reports whether the stream has come as far as that ID.
func (m *model) inStream(id event.ID) bool {
	n := len(m.entries)
	return n > m.first && m.entries[n-1].ID.Compare(id) >= 0
}

// add is an XADD.
func (m *model) add(fields map[string]string) event.ID {
	id := event.ID{Ms: uint64(m.now.UnixMilli())}
	if n := len(m.entries); n > 0 && m.entries[n-1].ID.Compare(id) >= 0 {
		id = m.entries[n-1].ID
		id.Seq++
	}
	m.entries = append(m.entries, Entry{ID: id, Fields: fields})
	return id
}

// deliverPending is the reader's first read: the pending entries.
func (m *model) deliverPending() {
	m.readPending()
	m.deliverAhead()
}

func (m *model) readPending() {
	m.deliverAhead()
	for _, e := range m.entries[:m.read] {
		if m.pending[e.ID] {
			e.Redelivered = true
			m.ahead = append(m.ahead, m.withKeyOwner(e))
		}
	}
}

// setBack is an XGROUP SETID, or a failover that lost deliveries: entries are delivered again as new ones.
func (m *model) setBack(to int) {
	m.deliverAhead()
	m.read = min(m.read, max(to, m.first))
}

func (m *model) withKeyOwner(e Entry) Entry {
	if h, ok := m.keys[e.Fields["idempotency_key"]]; ok && e.Fields["idempotency_key"] != "" {
		e.KeyOwner, e.KeyHash = h.event, h.hash
	}
	return e
}

func (m *model) deliverNew(n int) {
	m.readNew(n)
	m.deliverAhead()
}

func (m *model) readNew(n int) {
	m.deliverAhead()
	for ; n > 0 && m.read < len(m.entries); n-- {
		e := m.entries[m.read]
		m.read++
		m.pending[e.ID] = true
		m.ahead = append(m.ahead, m.withKeyOwner(e))
	}
}

// checkSeq fails unless the entries of an event on the status stream are numbered without a gap, whichever terms write them.
func (m *model) checkSeq(x Write) {
	id, seq := SeqOf(x)
	if last := m.seqs[id]; !id.IsZero() && seq != last+1 {
		m.fatal("%T of %s has seq %d after %d", x, id, seq, last)
	}
	if x, ok := x.(Restore); ok {
		id, known := x.Record.Event.EventID, !x.Rebuilt && (x.Record.Seq > 0 || !x.Record.Closed) // of a tombstone nothing is known
		if last := m.seqs[id]; known && x.Record.Seq != last {
			m.fatal("%s is restored with seq %d, it had %d", id, x.Record.Seq, last)
		}
		m.seqs[id] = x.Record.Seq
	}
}
