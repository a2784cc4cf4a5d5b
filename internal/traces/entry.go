package traces

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
)

// maxValue bounds an attribute, in bytes. What the Main Pod writes is shorter, but for results and log lines, which are not exported.
const maxValue = 1 << 10

// maxIndex bounds slots and attempts that hostile entries name.
const maxIndex = 1_000_000

// entry is a status entry that ends something.
type entry struct {
	fields map[string]string
	event  event.ID
	at     time.Time
}

// parseEntry returns false for an entry that ends nothing, and for one that nobody can have written who knows how.
func parseEntry(s inspect.StatusEntry) (entry, bool) {
	if !ends(s) {
		return entry{}, false
	}
	id, err := event.ParseID(s.Fields["event_id"])
	e := entry{fields: s.Fields, event: id}
	e.at = e.time("at")
	return e, err == nil && !e.at.IsZero()
}

// ends reports whether the entry ends an event or an attempt.
func ends(s inspect.StatusEntry) bool {
	return s.Ends() || s.Kind() == "worker" &&
		slices.Contains([]string{"succeeded", "failed", "cancelled", "lost", "retrying"}, s.Fields["state"])
}

// unbounded reports whether the stream may have an entry of any size: it was rejected unread.
func (e entry) unbounded() bool {
	unread := []string{event.CodeTooLarge, event.CodePoison, event.CodeTrimmed}
	return e.fields["kind"] == "rejected" && slices.Contains(unread, e.fields["reason"])
}

// time is zero where the entry has none.
func (e entry) time(name string) time.Time {
	t, err := time.Parse(time.RFC3339, e.fields[name])
	if err != nil || t.Unix() <= 0 {
		return time.Time{}
	}
	return t.UTC()
}

// number is a count, an index or an exit code.
func (e entry) number(name string) (int64, bool) {
	n, err := strconv.ParseInt(e.fields[name], 10, 64)
	return n, err == nil
}

// index is a slot or an attempt, from 1.
func (e entry) index(name string) (int, bool) {
	n, ok := e.number(name)
	return int(n), ok && n > 0 && n <= maxIndex
}

func cleanValue(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), maxValue)], "")
	return strings.ReplaceAll(s, "\x00", "")
}

// clamp moves t between two times, in whose order one is before the other.
func clamp(t, from, to time.Time) time.Time {
	switch {
	case t.Before(from):
		return from
	case t.After(to):
		return to
	}
	return t
}
