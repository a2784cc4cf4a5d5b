package queue

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// machine calls a Scheduler at random, as its door allows.
type machine struct {
	s        *Scheduler
	now      time.Time
	seq      uint64
	refs     []Ref
	inFlight []Choice
	places   []Place
	released []Place
}

func newMachine(rt *rapid.T) *machine {
	l := Limits{Create: rapid.IntRange(1, 12).Draw(rt, "create"), PendingTimeout: 20 * time.Second}
	return &machine{s: New(l, policy(nil, nil)), now: began}
}

func name(rt *rapid.T, prefix string, n int) string {
	return fmt.Sprint(prefix, rapid.IntRange(0, n-1).Draw(rt, prefix))
}

func pick[T any](rt *rapid.T, from []T) (int, T) {
	if len(from) == 0 {
		rt.Skip("none")
	}
	i := rapid.IntRange(0, len(from)-1).Draw(rt, "which")
	return i, from[i]
}

func without[T any](from []T, i int) []T {
	from[i] = from[len(from)-1]
	return from[:len(from)-1]
}

func (m *machine) add(rt *rapid.T) {
	m.seq++
	e := Entry{
		ID: event.ID{Ms: uint64(m.now.UnixMilli()), Seq: m.seq}, Queue: name(rt, "q", 3), Template: name(rt, "t", 2),
		Shape: name(rt, "s", 2), Task: name(rt, "task", 2), AcceptedAt: m.now, Slots: rapid.IntRange(0, 4).Draw(rt, "slots"),
		MaxParallel: rapid.IntRange(0, 2).Draw(rt, "parallel"), Priority: rapid.IntRange(-1, 1).Draw(rt, "priority"),
	}
	if rapid.Bool().Draw(rt, "packed") {
		e.Fields = map[string]string{"task_id": e.Task}
	}
	if rapid.Bool().Draw(rt, "deadline") {
		e.StartBy = m.now.Add(10 * time.Second)
	}
	m.refs = append(m.refs, m.s.Add(e))
}

func (m *machine) next(rt *rapid.T) {
	if c, ok := m.s.Next(m.now, rapid.IntRange(0, 20).Draw(rt, "capacity")); ok {
		m.inFlight = append(m.inFlight, c)
	}
}

func (m *machine) answer(rt *rapid.T) {
	i, c := pick(rt, m.inFlight)
	a := Answer(rapid.IntRange(int(Created), int(Conflict)).Draw(rt, "answer"))
	m.s.Answer(m.now, c, a, "")
	m.inFlight = without(m.inFlight, i)
	m.places = append(m.places, c.Place) // one that was given back is worth nothing
}

func (m *machine) release(rt *rapid.T) {
	if again := rapid.Bool().Draw(rt, "again"); again {
		_, p := pick(rt, m.released)
		m.s.Release(&p)
		return
	}
	i, p := pick(rt, m.places)
	m.places, m.released = without(m.places, i), append(m.released, p)
	if m.s.Release(&p); p != (Place{}) {
		rt.Fatalf("a place that was released is %v", p)
	}
}

func (m *machine) addSlots(rt *rapid.T) {
	_, r := pick(rt, m.refs)
	m.s.AddSlots(r, rapid.IntRange(-3, 3).Draw(rt, "n"))
}

func (m *machine) occupy(rt *rapid.T) {
	_, r := pick(rt, m.refs)
	m.places = append(m.places, m.s.Occupy(r))
}

// remove releases an event's places before, some of which may be those of POSTs in flight.
func (m *machine) remove(rt *rapid.T) {
	i, r := pick(rt, m.refs)
	held := append([]Place(nil), m.places...)
	for _, c := range m.inFlight {
		held = append(held, c.Place)
	}
	for _, p := range held {
		if p.n > 0 && m.s.places.rows[p.n-1] == (placeRow{ref: r, gen: p.gen}) {
			m.s.Release(&p)
		}
	}
	m.s.Remove(r)
	m.refs = without(m.refs, i)
}

func (m *machine) unpack(rt *rapid.T) {
	if _, r := pick(rt, m.refs); m.s.Packed(r) {
		m.s.Unpack(r)
	}
}

func (m *machine) pause(rt *rapid.T) {
	m.s.Pause(name(rt, "q", 3), rapid.Bool().Draw(rt, "on"))
}

func (m *machine) apply(rt *rapid.T) {
	caps := func() int { return rapid.IntRange(0, 3).Draw(rt, "cap") }
	m.s.Apply(m.now, policy(
		map[string]QueuePolicy{"q0": {Weight: int64(caps()), MaxWorkers: caps()}},
		map[string]TemplatePolicy{"t0": {MaxWorkers: caps()}},
	))
}

func (m *machine) templateChanged(rt *rapid.T) { m.s.TemplateChanged(name(rt, "t", 2)) }

func (m *machine) pass(rt *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 8000).Draw(rt, "ms")) * time.Millisecond)
	m.s.Views(m.now)
	if at := m.s.Wake(m.now); !at.IsZero() && at.Before(m.now) && m.s.deadlines.len() == 0 {
		rt.Fatalf("to wake at %v: that is over", at)
	}
}

func (m *machine) expire(*rapid.T) { m.s.Expire(m.now) }
