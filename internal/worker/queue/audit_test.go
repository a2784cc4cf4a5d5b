package queue

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// failer is what tests and properties have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// audit recounts everything a Scheduler counts, from its events and from the POSTs in flight, and looks at every heap.
func audit(t failer, s *Scheduler, inFlight []Choice) {
	t.Helper()
	check := func(what string, got, want any) {
		t.Helper()
		if got != want {
			t.Fatalf("%s: %v, recounted %v", what, got, want)
		}
	}
	live, waiting, fullLanes, trying := 0, 0, 0, 0
	ofTemplate := map[*template]counts{}
	for name, q := range s.queues {
		check("name", q.name, name)
		of := counts{}
		for _, ln := range q.lines {
			for _, l := range ln.lanes {
				n := auditLane(t, s, l, inFlight)
				of = of.plus(n)
				ofTemplate[ln.template] = ofTemplate[ln.template].plus(n)
			}
		}
		check(name+" live", q.live, of.live)
		check(name+" waiting", q.waiting, of.waiting)
		check(name+" began", q.began.len(), of.began)
		live, waiting, fullLanes = live+of.live, waiting+of.waiting, fullLanes+of.full
		auditHeap(t, &q.began)
	}
	check("templates", len(s.templates), len(ofTemplate))
	for tm, of := range ofTemplate {
		check("live of template", tm.live, of.live)
		check("POSTs of template", tm.inFlight, of.inFlight)
		check("open lanes", tm.openLanes, of.open)
		check("trying", tm.trying, of.trials == 1)
		trying += of.trials
		auditShelves(t, s, tm)
	}
	check("live", s.Live(), live)
	check("waiting", s.Len(), waiting)
	slots, packed := 0, 0
	for r := Ref(1); r <= s.used; r++ { // what is free counts nothing
		if slots += int(s.at(r).slots); s.Packed(r) {
			packed++
		}
	}
	check("slots", s.WaitingSlots(), slots)
	check("packed", s.PackedEvents(), packed)
	check("creating", s.Creating(), len(inFlight))
	check("trials", s.trying, trying)
	check("full lanes", s.fullLanes, fullLanes)
	check("credits without use", s.credits > 0 && fullLanes == 0, false)
	auditHeap(t, &s.timers)
	auditHeap(t, &s.deadlines)
}

// counts are a lane's, or sums of them.
type counts struct{ live, waiting, began, inFlight, trials, open, full int }

func (c counts) plus(o counts) counts {
	return counts{
		c.live + o.live, c.waiting + o.waiting, c.began + o.began, c.inFlight + o.inFlight, c.trials + o.trials,
		c.open + o.open, c.full + o.full,
	}
}

func auditLane(t failer, s *Scheduler, l *lane, inFlight []Choice) counts {
	t.Helper()
	var n counts
	members, startable, aside := 0, 0, 0
	for r := Ref(1); r <= s.used; r++ {
		en := s.at(r)
		if en.lane != l {
			continue
		}
		members++
		n.live += int(en.live())
		if en.slots > 0 {
			n.waiting++
			if en.packed == "" {
				n.began++
			}
		}
		if en.startable() {
			startable++
		}
		if en.isAside() {
			aside++
		}
	}
	for _, c := range inFlight {
		if c.lane == l {
			n.inFlight++
			if c.Trial {
				n.trials++
			}
		}
	}
	if l.breaker.open {
		n.open++
	}
	if l.quota.full {
		n.full++
	}
	got := []int{l.members, l.events.len(), l.aside.len(), l.inFlight}
	if want := []int{members, startable, aside, n.inFlight}; !slices.Equal(got, want) {
		t.Fatalf("members, startable, aside, POSTs of a lane: %v, recounted %v", got, want)
	}
	auditHeap(t, &l.events)
	auditHeap(t, &l.aside)
	auditPlace(t, s, l)
	return n
}

// auditPlace holds where a lane is against where it belongs.
func auditPlace(t failer, s *Scheduler, l *lane) {
	t.Helper()
	b, ok := l.board(s.now)
	if ok != (l.spot != nil) || ok && l.spot != l.line.spots[b] {
		t.Fatalf("lane %+v is not on the board on which it belongs", l)
	}
	if want := l.wakeTime(s.now); l.wake != want || (want != 0) != (l.wakePos != 0) {
		t.Fatalf("lane %+v wakes at %d, want %d", l, l.wake, want)
	}
	if l.events.len() > 0 && l.first != s.keyOf(l.events.top()) {
		t.Fatalf("lane %+v has another first event", l)
	}
}

// auditShelves looks at the boards of a template.
func auditShelves(t failer, s *Scheduler, tm *template) {
	t.Helper()
	for b := range boards {
		x := tm.shelves[b]
		for o := range orders {
			auditHeap(t, &x.spots[o])
			auditHeap(t, &s.boards[b].shelves[o])
			on := x.spots[o].len() > 0 && tm.open() && (b != trials || !tm.trying)
			if on != (x.pos[o] != 0) {
				t.Fatalf("template %q: on board %d: %v, want %v", tm.name, b, x.pos[o] != 0, on)
			}
		}
		for _, ln := range tm.lines {
			auditHeap(t, &ln.spots[b].lanes)
			on := ln.spots[b].lanes.len() > 0 && ln.queue.open()
			if on != (ln.spots[b].pos[fair] != 0) || on != (ln.spots[b].pos[aged] != 0) {
				t.Fatalf("line %s/%s: board %d, want %v", ln.queue.name, tm.name, b, on)
			}
		}
	}
}

func auditHeap[T comparable](t failer, h *heap[T]) {
	t.Helper()
	for i, x := range h.items {
		if int(*h.at(x)) != i+1 {
			t.Fatalf("item %d of a heap thinks it is item %d", i, *h.at(x)-1)
		}
		if i > 0 && h.before(x, h.items[(i-1)/2]) {
			t.Fatalf("item %d of a heap comes before its parent", i)
		}
	}
}

// TestRecount: whatever is called in whatever order, all counts equal a recount, and a place is given back once.
func TestRecount(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newMachine(rt)
		rt.Repeat(map[string]func(*rapid.T){
			"":         func(*rapid.T) { audit(rt, m.s, m.inFlight) },
			"add":      m.add,
			"next":     m.next,
			"answer":   m.answer,
			"release":  m.release,
			"slots":    m.addSlots,
			"occupy":   m.occupy,
			"remove":   m.remove,
			"unpack":   m.unpack,
			"pause":    m.pause,
			"apply":    m.apply,
			"template": m.templateChanged,
			"pass":     m.pass,
			"expire":   m.expire,
		})
	})
}

// TestNothingIsLeft: once all events are removed nothing is left of them, whatever they were called.
func TestNothingIsLeft(t *testing.T) {
	w := newWorld(t, 1, Limits{Create: 32, PendingTimeout: 15 * time.Minute}, policy(map[string]QueuePolicy{"named": {Weight: 1}}, nil))
	w.life = func(*job) time.Duration { return 10 }
	w.reply = func(*job) Answer { return Answer(1 + w.r.IntN(5)) }
	for i := range 2000 {
		w.add(Entry{
			Queue: fmt.Sprint("q", i), Template: fmt.Sprint("t", i%50), Shape: fmt.Sprint(i), Slots: 1, Task: "task",
			Fields: map[string]string{"task_id": "task", fmt.Sprint("key", i): "value"},
		})
		w.fill()
		w.advance(20 * time.Millisecond)
	}
	w.reply = func(*job) Answer { return Created }
	w.run(70*time.Second, 20*time.Millisecond)
	s := w.s
	audit(t, s, nil)
	if n := len(s.templates) + len(s.names.byKey) + s.byID.n + s.byTask.n + s.timers.len() + s.deadlines.len(); n > 0 || len(s.queues) != 1 {
		t.Errorf("%d things are left, and %d queues", n, len(s.queues))
	}
	if s.used > 2000 || len(s.names.sets) > 2000 {
		t.Errorf("%d entries were used", s.used)
	}
}
