package stream

import (
	"github.com/ottoscaler/ottoscaler/internal/event"
)

const (
	suspiciousDeliveries = 2 // after which reading pauses until the entry is dealt with
	poisonDeliveries     = 5 // after which the entry's fields are not read again
)

// Poison finds entries that crash the process that reads them. Redis counts how often an entry was delivered; for that
// count to mean crashes and nothing else, each process raises it once: when the fields of an entry that was pending at its
// start begin to arrive for the first time. A process that ends before that, because Redis or the network does not answer,
// counts for nothing, and all other reads of pending entries, in this term or a later one, leave the count alone. Only the
// first delivery is counted by Redis itself.
//
// So it outlives terms: the composition root makes one a process and passes it to the Source of every term. The zero
// value is ready to use, by one Source at a time.
type Poison struct {
	surveyed bool     // until is known
	until    event.ID // the highest entry that was pending at the start of the process
	read     event.ID // the highest of these that this process has begun to read, or has classified
	poison   idSet    // the entries whose fields this process must not read

	raising event.ID // the entry whose count is being raised, perhaps again after a lost reply,
	raised  int64    // to this
}

// unread reports whether an entry was pending at the start and this process has not read it yet: its read counts.
func (p *Poison) unread(id event.ID) bool { return id.Compare(p.read) > 0 && id.Compare(p.until) <= 0 }

// isPoison classifies an entry without a record by how often it was delivered.
func (p *Poison) isPoison(id event.ID, deliveries int64) bool {
	if p.unread(id) && p.before(id, deliveries) >= poisonDeliveries {
		p.poison.add(id)
	}
	return p.poison.has(id)
}

// before is the count without what this process may have added.
func (p *Poison) before(id event.ID, deliveries int64) int64 {
	if id == p.raising {
		return p.raised - 1
	}
	return deliveries
}

// raise returns the count that is to be set when an entry begins to arrive: the same for each try.
func (p *Poison) raise(id event.ID, deliveries int64) int64 {
	p.raised, p.raising = p.before(id, deliveries)+1, id
	return p.raised
}

// markRead is called once the count is raised, and before a read that raises none.
func (p *Poison) markRead(id event.ID) {
	if id.Compare(p.read) > 0 {
		p.read = id
	}
}
