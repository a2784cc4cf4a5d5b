package worker

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// Redis has lost an event, and somebody hostile may have written what its Pods say of it.

// orphaned is a world with a running Pod of slot 1 of an event that has no record; what the Pod tells of its event is
// origin.
func orphaned(t *testing.T, origin *event.Event) (*world, string) {
	t.Helper()
	w := newWorld(testSettings(), t.Fatalf)
	name := w.stray(1, 1, origin)
	w.deliverWatch(9)
	return w, name
}

// stray puts a running Pod there that names its event, slot and attempt.
func (w *world) stray(slot, attempt int, origin *event.Event) string {
	id := event.ID{Ms: 1000}
	name := w.set.Names.Pod(id, slot, attempt)
	w.place(PodSpec{Name: name, Event: &event.Event{EventID: id}, Slot: slot, Attempt: attempt})
	w.pods[name].spec.Event = origin
	w.advance(name, PhaseRunning)
	return name
}

// asked answers what is asked, until nothing is any more, and lets the time pass that the stream has.
func (w *world) asked() {
	for range 3 {
		for len(w.asks) > 0 {
			w.serveAsk(0, false)
			w.reply(0)
		}
		w.commit(len(w.writes), false)
		w.pass(rebuildDelay)
	}
}

func known1(change func(*event.Event)) *event.Event {
	e := &event.Event{
		EventID: event.ID{Ms: 1000}, Type: event.ScaleUp, PodCount: 2, Timestamp: event.ID{Ms: 1000}.Time(),
		Metadata: map[string]string{"task_id": "t", "branch": "main"},
	}
	change(e)
	return e
}

// TestHostileOrigin: a Pod whose annotation no event can have had is left alone, counted, and stops nobody.
func TestHostileOrigin(t *testing.T) {
	for name, origin := range map[string]*event.Event{
		"none":                   nil,
		"empty":                  {},
		"another event's":        known1(func(e *event.Event) { e.EventID.Seq = 1 }),
		"a scale_down":           known1(func(e *event.Event) { e.Type = event.ScaleDown }),
		"no type":                known1(func(e *event.Event) { e.Type = "" }),
		"no workers":             known1(func(e *event.Event) { e.PodCount = 0 }),
		"fewer than none":        known1(func(e *event.Event) { e.PodCount = -1 }),
		"more than memory holds": known1(func(e *event.Event) { e.PodCount = 100_001 }),
		"task with escapes":      known1(func(e *event.Event) { e.Metadata["task_id"] = "\x1b[2J" }),
		"task not UTF-8":         known1(func(e *event.Event) { e.Metadata["task_id"] = "\xff" }),
		"task too long":          known1(func(e *event.Event) { e.Metadata["task_id"] = strings.Repeat("t", 129) }),
		"value too long":         known1(func(e *event.Event) { e.Metadata["branch"] = strings.Repeat("v", 1025) }),
		"value with NUL":         known1(func(e *event.Event) { e.Metadata["branch"] = "\x00" }),
		"metadata too large":     known1(func(e *event.Event) { maps.Copy(e.Metadata, eventtest.Metadata(9, 1000)) }),
		"17 metadata fields":     known1(func(e *event.Event) { maps.Copy(e.Metadata, eventtest.Metadata(16, 1)) }),
		"keys that meet":         known1(func(e *event.Event) { e.Metadata["BRANCH"] = "x" }),
		"a field as metadata":    known1(func(e *event.Event) { e.Metadata["deadline_seconds"] = "soon" }),
		"key too long":           known1(func(e *event.Event) { e.IdempotencyKey = strings.Repeat("k", 129) }),
		"key with a newline":     known1(func(e *event.Event) { e.IdempotencyKey = "a\nb" }),
		"trace garbage":          known1(func(e *event.Event) { e.Traceparent = "abc" }),
		"year 10000":             known1(func(e *event.Event) { e.Timestamp = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) }),
		"deadline of a century":  known1(func(e *event.Event) { e.Deadline = 100 * 365 * 24 * time.Hour }),
	} {
		t.Run(name, func(t *testing.T) {
			w, pod := orphaned(t, origin)
			w.asked()
			w.pass(24 * time.Hour)
			if n := len(w.writes) + len(w.removes) + len(w.creates) + len(w.records); n != 0 {
				t.Fatalf("something is done about it: writes %v, DELETEs %v, records %v", w.writes, w.removes, w.records)
			}
			for range w.set.MaxWorkers {
				w.add(eventtest.Fields("pod_count", "1"))
			}
			w.deliverNew(99)
			w.turn()
			w.turn()
			if n := len(w.pods); n != w.set.MaxWorkers {
				t.Errorf("%d Pods with the stranger, want all the room of %d taken", n, w.set.MaxWorkers)
			}
			w.vanish(pod)
			w.heal()
			w.checkEnd()
		})
	}
}

// TestAdoption: what the annotation may have been is rebuilt, whatever the event's other Pods claim.
func TestAdoption(t *testing.T) {
	w, first := orphaned(t, known1(func(*event.Event) {}))
	w.advance(w.stray(1, 7, nil), PhaseRunning) // an attempt too many
	beyond := w.stray(3, 1, nil)                // a slot too many: the event has two
	huge := w.stray(1<<30, 1<<30, nil)
	w.deliverWatch(9)
	w.asked()
	rec := w.records[event.ID{Ms: 1000}]
	if rec == nil || len(rec.Slots) != 2 {
		t.Fatalf("the record: %+v", rec)
	}
	if got := rec.Slots[0]; got.State.IsOutcome() || got.UID != w.pods[first].obs.Ref.UID || got.Attempt != 1 {
		t.Errorf("slot 1 is %+v, want its first Pod alive", got)
	}
	if got := rec.Slots[1]; got.State != StateLost || got.Reason != "RecordLost" {
		t.Errorf("slot 2 is %+v, want lost: it has no Pod", got)
	}
	w.pass(time.Hour)
	for _, r := range w.removes {
		t.Errorf("DELETE of %s, which runs", r.Name)
	}
	w.advance(first, PhaseSucceeded)
	w.deliverWatch(9)
	if got := w.outcome(1); got.State != StateSucceeded {
		t.Errorf("slot 1 ended %+v", got)
	}
	for _, pod := range []string{beyond, huge} {
		if p := w.pods[pod]; p == nil || !p.obs.Deleting.IsZero() {
			t.Errorf("%s was touched", pod)
		}
	}
}

// TestReplacedPod: somebody deletes a worker's Pod and puts another of its name, annotations and all, in its place. The
// worker has one outcome and never runs again; the other one, which came after the outcome, goes.
func TestReplacedPod(t *testing.T) {
	for name, settled := range map[string]bool{"before its mark": false, "after its mark": true} {
		t.Run(name, func(t *testing.T) {
			w := drive(t, "1", "")
			if settled {
				w.commit(9, false)
			}
			pod := w.podNames()[0]
			w.advance(pod, PhaseRunning)
			w.deliverWatch(9)
			old := w.pods[pod]
			w.vanish(pod)
			w.place(old.spec)
			w.advance(pod, PhaseRunning)
			w.deliverWatch(9)
			w.asked()
			if got := w.outcome(1); got.State != StateLost || got.UID != old.obs.Ref.UID {
				t.Errorf("outcome %+v, want lost, of %s", got, old.obs.Ref.UID)
			}
			w.tell(pod) // whatever is seen of it next
			w.deliverWatch(9)
			w.asked()
			if len(w.removes) != 1 || w.removes[0].UID != w.pods[pod].obs.Ref.UID {
				t.Errorf("DELETEs %v, want one of %v", w.removes, w.pods[pod].obs.Ref)
			}
			w.heal()
			w.checkEnd()
			if w.posted[pod] != 2 || len(w.posted) != 1 {
				t.Errorf("Pods made: %v, want ours and the other's", w.posted)
			}
		})
	}
}

// TestAnotherIdentity: what the API server shows of a Pod that we asked for by its UID counts for the slot that asked,
// whatever the Pod says it is by now.
func TestAnotherIdentity(t *testing.T) {
	for name, says := range map[string]Observation{
		"nothing":      {},
		"another slot": {Event: event.ID{Ms: 1000}, Slot: 2, Attempt: 1},
		"no such slot": {Event: event.ID{Ms: 1000}, Slot: 1 << 30, Attempt: 1},
		"below zero":   {Event: event.ID{Ms: 1000}, Slot: -1, Attempt: -1},
		"no event":     {Event: event.ID{Ms: 7, Seq: 7}, Slot: 1, Attempt: 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := drive(t, "2", "")
			w.commit(9, false)
			pod := w.podNames()[0]
			w.advance(pod, PhaseRunning)
			w.deliverWatch(9)
			w.watched = append(w.watched, w.pods[pod].obs)
			w.watched[0].Gone = true // its labels are gone
			w.deliverWatch(1)
			seen := w.pods[pod].obs
			seen.Event, seen.Slot, seen.Attempt = says.Event, says.Slot, says.Attempt
			seen.Phase, seen.Message = PhaseFailed, fmt.Sprint("it says ", name)
			w.feed(checked{check: w.asks[0].(check), pod: &seen})
			w.asks = nil
			if got := w.outcome(1); got.State != StateFailed {
				t.Errorf("slot 1 is %+v, want failed", got)
			}
			if got := w.outcome(2); got.State.IsOutcome() {
				t.Errorf("slot 2 is %+v: nothing happened to it", got)
			}
		})
	}
}

// TestUnreadable: somebody edits the annotations of a running Pod, so that the watch shows its name and UID alone. It is
// looked for at once, lives on, and its end is learnt by asking. What only has its name is none of ours.
func TestUnreadable(t *testing.T) {
	w := drive(t, "1", "")
	w.commit(9, false)
	pod := w.podNames()[0]
	w.advance(pod, PhaseRunning)
	w.deliverWatch(9)
	for _, ref := range []PodRef{{Name: pod, UID: "another"}, {Name: "web", UID: w.pods[pod].obs.Ref.UID}, {Name: "web", UID: ""}} {
		if w.feed(observed{batch: []Observation{{Ref: ref}}}); len(w.asks) != 0 {
			t.Fatalf("asked for %v, which is not ours", w.asks)
		}
	}
	w.feed(observed{batch: []Observation{{Ref: w.pods[pod].obs.Ref, Gone: true}}})
	if len(w.asks) != 1 {
		t.Fatalf("asked %v, want for our Pod once", w.asks)
	}
	w.serveAsk(0, false)
	w.reply(0)
	if got := w.outcome(1); got.State != StateRunning {
		t.Fatalf("it is %+v, want running", got)
	}
	w.pods[pod].unlabelled = true // not even that reaches us any more
	w.advance(pod, PhaseFailed)
	w.asked()
	if got := w.outcome(1); got.State != StateFailed {
		t.Errorf("outcome %+v, want failed", got)
	}
}

// TestUnreadableBeforeItsMark: of a Pod that nobody has told us of yet, what is unreadable says nothing.
func TestUnreadableBeforeItsMark(t *testing.T) {
	w := staleWorld(t, eventtest.Fields("pod_count", "1"))
	w.deliverNew(1)
	w.commit(1, false)
	ref := PodRef{Name: w.creates[0].Name, UID: "somebody's"}
	w.foreign[ref.Name] = true
	w.feed(observed{batch: []Observation{{Ref: ref}}})
	w.serveCreate(0, "")
	w.reply(0)
	if n := len(w.writes) + len(w.asks); n != 0 {
		t.Errorf("a foreign Pod is taken for ours: %v, %v", w.writes, w.asks)
	}
}
