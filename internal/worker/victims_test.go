package worker

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// send adds an entry and lets it be read, recorded, and done what can be done at once.
func (w *world) send(pairs ...string) event.ID {
	id := w.add(eventtest.Fields(pairs...))
	w.deliverNew(9)
	w.turn()
	return id
}

// turn commits, creates and delivers what is there to be.
func (w *world) turn() {
	w.commit(len(w.writes), false)
	for len(w.creates) > 0 {
		w.serveCreate(0, "")
	}
	for len(w.replies) > 0 {
		w.reply(0)
	}
	w.deliverWatch(len(w.watched))
	w.commit(len(w.writes), false)
}

// house is a world with room for four in which workers stand at every stage: of the first event one runs, one is
// scheduled, one is not; of the second one is not scheduled and two wait; the third waits as a parcel. It returns the
// three events.
func house(t *testing.T) (w *world, ids [3]event.ID) {
	t.Helper()
	set := testSettings()
	set.MaxWorkers = 4
	w = newWorld(set, t.Fatalf)
	ids[0] = w.send("task_id", "one")
	w.now = w.now.Add(time.Second)
	ids[1] = w.send("task_id", "two")
	w.now = w.now.Add(time.Second)
	ids[2] = w.send("task_id", "two", "pod_count", "2")
	w.advance(w.set.Names.Pod(ids[0], 1, 1), PhaseRunning)
	scheduled := w.set.Names.Pod(ids[0], 2, 1)
	w.pods[scheduled].obs.Node = "node-1"
	w.tell(scheduled)
	w.turn()
	return w, ids
}

func TestWhomAScaleDownTakes(t *testing.T) {
	first, second, third := 0, 1, 2
	type of struct{ event, slot int }
	for name, test := range map[string]struct {
		entry []string
		spoil func(w *world, ids [3]event.ID)
		want  []of
	}{
		"in order: the least is lost": {
			[]string{"pod_count", "9"},
			nil,
			[]of{{third, 2}, {third, 1}, {second, 3}, {second, 2}, {second, 1}, {first, 3}, {first, 2}, {first, 1}},
		},
		"as many as asked for": {[]string{"pod_count", "3"}, nil, []of{{third, 2}, {third, 1}, {second, 3}}},
		"of one task":          {[]string{"pod_count", "9", "task_id", "one"}, nil, []of{{first, 3}, {first, 2}, {first, 1}}},
		"of one task, exactly": {[]string{"pod_count", "9", "task_id", "on"}, nil, nil},
		"of a task that waits": {[]string{"pod_count", "2", "task_id", "two"}, nil, []of{{third, 2}, {third, 1}}},
		"not those that have gone": {[]string{"pod_count", "9", "task_id", "one"}, func(w *world, ids [3]event.ID) {
			w.advance(w.set.Names.Pod(ids[0], 1, 1), PhaseSucceeded)
			w.turn()
		}, []of{{first, 3}, {first, 2}}},
		"not the protected": {[]string{"pod_count", "9", "task_id", "one"}, func(w *world, ids [3]event.ID) {
			name := w.set.Names.Pod(ids[0], 3, 1)
			w.pods[name].obs.Protected = true
			w.tell(name)
			w.turn()
		}, []of{{first, 2}, {first, 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			w, ids := house(t)
			if test.spoil != nil {
				w.lenient = true
				test.spoil(w, ids)
			}
			down := w.send(append([]string{"type", "scale_down"}, test.entry...)...)
			var want []Victim
			for _, v := range test.want {
				want = append(want, Victim{ids[v.event], v.slot})
			}
			if diff := cmp.Diff(want, w.records[down].Victims); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestScaleDownTakesNoLaterEvent: however late it comes to act, it chooses among those that were there before it.
func TestScaleDownTakesNoLaterEvent(t *testing.T) {
	w := newWorld(testSettings(), t.Fatalf)
	before := w.add(eventtest.Fields("pod_count", "2"))
	down := w.add(eventtest.Fields("type", "scale_down", "pod_count", "9"))
	after := w.add(eventtest.Fields("pod_count", "2"))
	w.deliverNew(9)
	w.commit(len(w.writes), true) // accepted, all three; and we die before it has chosen
	w.turn()
	want := []Victim{{before, 2}, {before, 1}}
	if diff := cmp.Diff(want, w.records[down].Victims); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	w.heal()
	w.checkEnd()
	if got := w.closed[after]; got != (Counts{Succeeded: 2}) {
		t.Errorf("the later event closed with %+v", got)
	}
}

// TestVictimsAreTakenAfterARestart: they are recorded, and we die before a DELETE is sent.
func TestVictimsAreTakenAfterARestart(t *testing.T) {
	w := newWorld(testSettings(), t.Fatalf)
	w.send("pod_count", "2")
	down := w.send("type", "scale_down", "pod_count", "1")
	victims := w.records[down].Victims
	w.crash(0)
	if len(w.removes) != 1 || w.removes[0].Name != w.set.Names.Pod(victims[0].Event, victims[0].Slot, 1) {
		t.Fatalf("DELETEs %v, want of the victim %v", w.removes, victims)
	}
	w.heal()
	w.checkEnd()
	if got := w.closed[down]; got != (Counts{Cancelled: 1}) {
		t.Errorf("the scale_down closed with %+v", got)
	}
}

func TestHowVictimsEnd(t *testing.T) {
	for name, test := range map[string]struct {
		fate func(w *world, pod string)
		want SlotRecord
	}{
		"by itself, well": {
			func(w *world, pod string) { w.advance(pod, PhaseSucceeded) },
			SlotRecord{State: StateSucceeded, ExitCode: new(0)},
		},
		"by our signal": {
			func(w *world, pod string) { w.advance(pod, PhaseFailed) },
			SlotRecord{State: StateCancelled, Reason: ReasonScaledDown, ExitCode: new(7)},
		},
		"evicted meanwhile": {
			func(w *world, pod string) {
				w.pods[pod].obs.Disrupted = true
				w.advance(pod, PhaseFailed)
			},
			SlotRecord{State: StateCancelled, Reason: ReasonScaledDown, ExitCode: new(7)},
		},
		"gone, and nobody saw how": {
			func(w *world, pod string) { w.vanish(pod) },
			SlotRecord{State: StateCancelled, Reason: ReasonScaledDown},
		},
		"hanging in Terminating": {
			func(w *world, _ string) { w.pass(modelGrace + terminatingTimeout) },
			SlotRecord{State: StateLost, Reason: ReasonNodeLost},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(testSettings(), t.Fatalf)
			up := w.send("pod_count", "1")
			pod := w.podNames()[0]
			w.advance(pod, PhaseRunning)
			w.turn()
			w.send("type", "scale_down", "pod_count", "1")
			w.serveRemove(0, false)
			w.turn()
			test.fate(w, pod)
			w.deliverWatch(9)
			for len(w.asks) > 0 {
				w.serveAsk(0, false)
			}
			w.turn()
			got := w.records[up].Slots[0]
			got = SlotRecord{State: got.State, Reason: got.Reason, ExitCode: w.exitCode(up)}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if len(w.creates) > 0 {
				t.Errorf("it runs again: %v", w.creates)
			}
		})
	}
}

// exitCode is what was recorded of the first worker of an event.
func (w *world) exitCode(id event.ID) *int { return w.records[id].Slots[0].ExitCode }

// TestVictimWithoutAnAnswer: a POST is in flight when its worker is chosen.
func TestVictimWithoutAnAnswer(t *testing.T) {
	for _, fate := range []string{"", "busy", "denied", "refused", "lost", "reply lost"} {
		t.Run("reply: "+fate, func(t *testing.T) {
			w := newWorld(testSettings(), t.Fatalf)
			up := w.add(eventtest.Fields("pod_count", "1"))
			w.deliverNew(1)
			w.commit(1, false)
			down := w.add(eventtest.Fields("type", "scale_down", "pod_count", "1"))
			w.deliverNew(1)
			w.commit(len(w.writes), false)
			w.commit(len(w.writes), false)
			if len(w.records[down].Victims) != 1 || len(w.creates) != 1 {
				t.Fatalf("victims %v, POSTs %v", w.records[down].Victims, w.creates)
			}
			w.serveCreate(0, fate)
			w.reply(0)
			w.heal()
			w.checkEnd()
			if got := w.closed[up]; got.Cancelled+got.Succeeded != 1 || len(w.posted) > 1 {
				t.Errorf("it closed with %+v, Pods %v", got, w.posted)
			}
		})
	}
}
