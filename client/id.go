package client

import (
	"cmp"
	"strconv"
	"strings"
)

// entryID is the ID of a stream entry. IDs are compared as numbers: 5-10 comes after 5-2.
type entryID struct{ ms, seq uint64 }

// parseID reads the canonical form alone, so that an event has one spelling.
func parseID(s string) (id entryID, ok bool) {
	ms, seq, _ := strings.Cut(s, "-")
	var errMs, errSeq error
	id.ms, errMs = strconv.ParseUint(ms, 10, 64)
	id.seq, errSeq = strconv.ParseUint(seq, 10, 64)
	if errMs != nil || errSeq != nil || id.String() != s {
		return entryID{}, false
	}
	return id, true
}

func (id entryID) String() string {
	return strconv.FormatUint(id.ms, 10) + "-" + strconv.FormatUint(id.seq, 10)
}

func (id entryID) compare(other entryID) int {
	return cmp.Or(cmp.Compare(id.ms, other.ms), cmp.Compare(id.seq, other.seq))
}

func (id entryID) isZero() bool { return id == entryID{} }
