package worker

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// packedEvent is an event that waits with nothing under way: about a hundred bytes instead of the thousand of one that is
// tracked, so that a hundred thousand may wait.
type packedEvent struct {
	id         event.ID
	fields     string // see pack; without the type, and without the template, which its queue has
	acceptedMs int64  // when it was accepted, Unix ms
	slots      int
}

func packEvent(e *trackedEvent) packedEvent {
	fields := e.Fields()
	delete(fields, event.FieldTemplate)
	delete(fields, event.FieldType)
	return packedEvent{id: e.EventID, fields: pack(fields), acceptedMs: e.acceptedAt.UnixMilli(), slots: len(e.slots)}
}

// event is the inverse of packEvent.
func (p *packedEvent) event(template string) event.Event {
	fields := unpack(p.fields)
	fields[event.FieldType] = string(event.ScaleUp)
	if template != "" {
		fields[event.FieldTemplate] = template
	}
	ev, bad := event.Recall(p.id, fields, p.slots)
	if bad != nil {
		panic("a packed event does not decode: " + bad.Reason) // a bug: it was decoded once
	}
	return ev
}

// mayBeOfTask rules most events of other tasks out without unpacking them.
func (p *packedEvent) mayBeOfTask(task string) bool { return strings.Contains(p.fields, task) }

// packedEvents are sorted by ID.
type packedEvents []packedEvent

func (q *packedEvents) add(p packedEvent) {
	if n := len(*q); n == 0 || (*q)[n-1].id.Compare(p.id) < 0 {
		*q = append(*q, p)
		return
	}
	at, _ := q.find(p.id)
	*q = slices.Insert(*q, at, p)
}

func (q *packedEvents) find(id event.ID) (int, bool) {
	return slices.BinarySearchFunc(*q, id, func(p packedEvent, id event.ID) int { return p.id.Compare(id) })
}

// remove takes the i-th out. The first one, the usual case, moves nothing.
func (q *packedEvents) remove(i int) packedEvent {
	p := (*q)[i]
	if i == 0 {
		(*q)[0] = packedEvent{} // frees the fields
		*q = (*q)[1:]
	} else {
		*q = slices.Delete(*q, i, i+1)
	}
	return p
}

// pack makes one string of fields, in the order of their names: `<length>:<name><length>:<value>…`.
func pack(fields map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		for _, part := range []string{name, fields[name]} {
			b.WriteString(strconv.Itoa(len(part)))
			b.WriteByte(':')
			b.WriteString(part)
		}
	}
	return b.String()
}

// unpack is the inverse of pack; of anything else it makes nonsense.
func unpack(packed string) map[string]string {
	fields := make(map[string]string)
	next := func() string {
		length, rest, _ := strings.Cut(packed, ":")
		n, _ := strconv.Atoi(length)
		n = min(n, len(rest))
		packed = rest[n:]
		return rest[:n]
	}
	for packed != "" {
		name := next()
		fields[name] = next()
	}
	return fields
}
