package hub

import (
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Bounds of what is remembered, of whichever is reached first.
const (
	maxEntries = 8192
	maxBytes   = 8 << 20 // of encoded entries
)

// ring has the latest entries without gaps: all that the status stream got after floor, up to last.
type ring struct {
	entries []Entry
	bytes   int
	floor   event.ID // the ID before the first entry
	last    event.ID
}

// reset forgets everything: the next entry is the first one after at.
func (r *ring) reset(at event.ID) { *r = ring{floor: at, last: at} }

// add appends entries that follow the last one, and drops the oldest ones.
func (r *ring) add(entries []Entry) {
	for _, e := range entries {
		r.entries = append(r.entries, e)
		r.bytes += len(e.JSON)
		r.last = e.ID
	}
	drop := 0
	for ; len(r.entries)-drop > maxEntries || r.bytes > maxBytes; drop++ {
		r.floor = r.entries[drop].ID
		r.bytes -= len(r.entries[drop].JSON)
	}
	if drop > 0 {
		clear(r.entries[:drop]) // they may be the last to hold on to megabytes
		r.entries = r.entries[drop:]
	}
}

// since returns up to n entries after an ID; not ok: it does not have all of them.
func (r *ring) since(after event.ID, n int) (entries []Entry, ok bool) {
	if after.Compare(r.floor) < 0 || after.Compare(r.last) > 0 {
		return nil, false
	}
	from, found := slices.BinarySearchFunc(r.entries, after, func(e Entry, id event.ID) int { return e.ID.Compare(id) })
	if found {
		from++
	}
	rest := r.entries[from:]
	return slices.Clone(rest[:min(n, len(rest))]), true
}
