package redis

import (
	"github.com/ottoscaler/ottoscaler/internal/event"
)

const (
	suspicious = 2 // deliveries after which reading rests until an entry is dealt with
	poisonous  = 5 // deliveries after which its body is not read again
)

// deliveries finds out bodies that end the process that reads them. Redis counts how often an entry was delivered; for
// that count to tell of deaths and of nothing else, each process adds to it once: when it reads what was pending at its
// beginning for the first time. All other reads of pending entries, in this term or a later one of the process, leave
// the count alone.
//
// It belongs to the Client, since terms come and go with their Sources; one Source at a time uses it.
type deliveries struct {
	known  bool     // the pending list was looked at since the process began
	until  event.ID // the highest entry pending then
	read   event.ID // the highest of them that this process has read, or judged
	poison idSet    // those whose body this process must not read
}

// first reports whether this process has not read this entry yet, so that its read must be counted.
func (d *deliveries) first(id event.ID) bool {
	return id.Compare(d.read) > 0 && id.Compare(d.until) <= 0
}

// judge returns whether an entry without a record is poisonous, given how often it was delivered.
func (d *deliveries) judge(id event.ID, times int64) bool {
	if d.first(id) && times >= poisonous {
		d.poison.add(id)
	}
	return d.poison.has(id)
}

// passed: this process reads the entry now. It is said before the read, so that one whose reply is lost is not counted
// twice.
func (d *deliveries) passed(id event.ID) {
	if id.Compare(d.read) > 0 {
		d.read = id
	}
}
