package worker

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

func packedAt(ms uint64) packedEvent { return packedEvent{id: event.ID{Ms: ms}, slots: 1} }

func startedAt(ms uint64) *trackedEvent {
	return newEvent(event.Event{EventID: event.ID{Ms: ms}, Type: event.ScaleUp, PodCount: 1}, time.Time{})
}

// TestQueueNext: retries go first, then stream order across templates; without capacity only a slot that holds its own.
func TestQueueNext(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	packed := func(ms uint64) func(*templateQueue) { return func(q *templateQueue) { q.packed.add(packedAt(ms)) } }
	started := func(ms uint64) func(*templateQueue) { return func(q *templateQueue) { q.started.add(startedAt(ms)) } }
	retry := func(holds bool) func(*templateQueue) {
		return func(q *templateQueue) { q.retries.add(&slot{holdsCapacity: holds}) }
	}
	parked := func(q *templateQueue) {
		q.packed.add(packedAt(1))
		q.parking.refused(now, "quota")
	}
	for name, c := range map[string]struct {
		a, b          func(*templateQueue) // fill the queues of the templates a and b
		with, without string               // the template that starts next with and without capacity
	}{
		"empty":                       {},
		"one template":                {a: packed(5), with: "a"},
		"the earlier packed event":    {a: packed(5), b: packed(2), with: "b"},
		"the earlier started event":   {a: started(5), b: started(2), with: "b"},
		"started before packed":       {a: packed(5), b: started(2), with: "b"},
		"packed before started":       {a: packed(2), b: started(5), with: "a"},
		"a retry before any event":    {a: packed(1), b: retry(false), with: "b"},
		"a retry that holds capacity": {a: packed(1), b: retry(true), with: "b", without: "b"},
		"two retries":                 {a: retry(false), b: retry(true), with: "a", without: "b"},
		"parked":                      {a: parked, b: packed(5), with: "b"},
		"all parked":                  {a: parked, b: parked},
	} {
		t.Run(name, func(t *testing.T) {
			q := newQueue()
			for template, fill := range map[string]func(*templateQueue){"a": c.a, "b": c.b} {
				if fill != nil {
					fill(q.of(template))
				}
			}
			if got := nameOf(q.next(now, true)); got != c.with {
				t.Errorf("with capacity %q starts, want %q", got, c.with)
			}
			if got := nameOf(q.next(now, false)); got != c.without {
				t.Errorf("without capacity %q starts, want %q", got, c.without)
			}
		})
	}
}

// nameOf is the template of a queue; empty for none.
func nameOf(q *templateQueue) string {
	if q == nil {
		return ""
	}
	return q.template
}

func TestQueueFindAndLen(t *testing.T) {
	q := newQueue()
	q.of("b").packed.add(packedAt(1))
	q.of("a").packed.add(packedAt(2))
	q.of("a").packed.add(packedAt(3))
	q.of("a").started.add(startedAt(4))
	if at, i := q.find(event.ID{Ms: 3}); nameOf(at) != "a" || i != 1 {
		t.Errorf("event 3 is at %q, %d", nameOf(at), i)
	}
	for _, ms := range []uint64{4, 5} { // started, unknown
		if at, _ := q.find(event.ID{Ms: ms}); at != nil {
			t.Errorf("event %d is packed in %q", ms, at.template)
		}
	}
	if q.len() != 4 {
		t.Errorf("%d events wait, want 4", q.len())
	}
}

func TestQueueWakeTime(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	q := newQueue()
	q.of("open")
	if at := q.wakeTime(now); !at.IsZero() {
		t.Errorf("with no parked template %v, want never", at)
	}
	q.of("later").parking.refused(now.Add(time.Second), "quota")
	q.of("first").parking.refused(now, "quota")
	if at := q.wakeTime(now); !at.Equal(now.Add(probeInterval)) {
		t.Errorf("wake time %v, want %v", at, now.Add(probeInterval))
	}
}
