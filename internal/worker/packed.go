package worker

import (
	"github.com/ottoscaler/ottoscaler/internal/event"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parcel is an event that waits for room and has nothing under way: about a hundred bytes instead of the thousand of an
// event in hand, so that a hundred thousand may wait.
type parcel struct {
	id    event.ID
	body  string // its packed fields, without the template, which its line has
	at    int64  // when it was accepted, Unix ms
	slots int
}

func wrap(e *trackedEvent) parcel {
	fields := e.Fields()
	delete(fields, "template")
	delete(fields, "type")
	return parcel{id: e.EventID, body: pack(fields), at: e.acceptedAt.UnixMilli(), slots: len(e.slots)}
}

// event unpacks what wrap packed.
func (l *line) event(p parcel) event.Event {
	fields := unpack(p.body)
	fields["type"] = string(event.ScaleUp)
	if l.template != "" {
		fields["template"] = l.template
	}
	ev, bad := event.Recall(p.id, fields, p.slots)
	if bad != nil {
		panic("an event that was accepted is none: " + bad.Reason) // a bug of ours: no input gets here unchecked
	}
	return ev
}

// addParcel queues an event of which nothing is under way.
func (l *line) addParcel(p parcel) {
	if n := len(l.waiting); n == 0 || l.waiting[n-1].id.Compare(p.id) < 0 {
		l.waiting = append(l.waiting, p)
		return
	}
	at, _ := l.find(p.id)
	l.waiting = slices.Insert(l.waiting, at, p)
}

func (l *line) find(id event.ID) (int, bool) {
	return slices.BinarySearchFunc(l.waiting, id, func(p parcel, id event.ID) int { return p.id.Compare(id) })
}

// open takes the i-th waiting event of a line in hand: something of it is about to happen.
func (s *state) open(l *line, i int) *trackedEvent {
	p := l.waiting[i]
	if i == 0 {
		l.waiting[0] = parcel{} // lets go of the body
		l.waiting = l.waiting[1:]
	} else {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	}
	e := newEvent(l.event(p), time.UnixMilli(p.at).UTC())
	e.recorded = true
	s.events[p.id] = e
	l.add(e)
	return e
}

// inHandOrWaiting is the event of that ID, opened if it waits; nil if it is not known.
func (s *state) inHandOrWaiting(id event.ID) *trackedEvent {
	if e := s.events[id]; e != nil {
		return e
	}
	for _, name := range s.order {
		if i, ok := s.lines[name].find(id); ok {
			return s.open(s.lines[name], i)
		}
	}
	return nil
}

// waits reports whether the event of that ID is queued with nothing under way.
func (s *state) waits(id event.ID) bool {
	for _, name := range s.order {
		if _, ok := s.lines[name].find(id); ok {
			return true
		}
	}
	return false
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

// unpack is the inverse of pack; what pack did not make gives nonsense.
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
