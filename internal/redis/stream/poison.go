package stream

import (
	"github.com/ottoscaler/ottoscaler/internal/event"
)

const (
	suspiciousDeliveries = 2 // after which reading pauses until the entry is dealt with
	poisonDeliveries     = 5 // after which the entry's fields are not read again
)

// Poison finds entries that crash the process that reads them. Redis counts how often an entry was delivered; for that
// count to mean crashes and nothing else, each process raises it once: when it reads an entry that was pending at its
// start for the first time. All other reads of pending entries, in this term or a later one, leave the count alone.
//
// So it outlives terms: the composition root makes one a process and passes it to the Source of every term. The zero
// value is ready to use, by one Source at a time.
type Poison struct {
	surveyed bool     // until is known
	until    event.ID // the highest entry that was pending at the start of the process
	read     event.ID // the highest of these that this process has read or classified
	poison   idSet    // the entries whose fields this process must not read
}

// unread reports whether an entry was pending at the start and this process has not read it yet: its read counts.
func (p *Poison) unread(id event.ID) bool { return id.Compare(p.read) > 0 && id.Compare(p.until) <= 0 }

// isPoison classifies an entry without a record by how often it was delivered.
func (p *Poison) isPoison(id event.ID, deliveries int64) bool {
	if p.unread(id) && deliveries >= poisonDeliveries {
		p.poison.add(id)
	}
	return p.poison.has(id)
}

// markRead is called before the read, so that an entry whose reply is lost is not counted twice.
func (p *Poison) markRead(id event.ID) {
	if id.Compare(p.read) > 0 {
		p.read = id
	}
}
