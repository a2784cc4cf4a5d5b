package worker

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// workersAtEveryStage is a model with capacity for four workers. Of the first event one runs, one is scheduled, one is not;
// of the second one is not scheduled and two wait; the third is packed. It returns the three events.
func workersAtEveryStage(t *testing.T) (m *model, ids [3]event.ID) {
	t.Helper()
	set := testSettings()
	set.MaxWorkers = 4
	m = newModel(set, t.Fatalf)
	ids[0] = m.send("task_id", "one")
	m.now = m.now.Add(time.Second)
	ids[1] = m.send("task_id", "two")
	m.now = m.now.Add(time.Second)
	ids[2] = m.send("task_id", "two", "pod_count", "2")
	m.setPhase(m.set.Names.Pod(ids[0], 1, 1), PhaseRunning)
	scheduled := m.set.Names.Pod(ids[0], 2, 1)
	m.pods[scheduled].obs.Node = "node-1"
	m.showPod(scheduled)
	m.runPending()
	return m, ids
}

func TestScaleDownSelection(t *testing.T) {
	first, second, third := 0, 1, 2
	type of struct{ event, slot int }
	for name, test := range map[string]struct {
		entry  []string
		change func(m *model, ids [3]event.ID)
		want   []of
	}{
		"order: the least work is lost": {
			[]string{"pod_count", "9"},
			nil,
			[]of{{third, 2}, {third, 1}, {second, 3}, {second, 2}, {second, 1}, {first, 3}, {first, 2}, {first, 1}},
		},
		"as many as asked for":        {[]string{"pod_count", "3"}, nil, []of{{third, 2}, {third, 1}, {second, 3}}},
		"of one task":                 {[]string{"pod_count", "9", "task_id", "one"}, nil, []of{{first, 3}, {first, 2}, {first, 1}}},
		"of another queue":            {[]string{"pod_count", "9", "queue", "web"}, nil, nil},
		"of a task by its exact name": {[]string{"pod_count", "9", "task_id", "on"}, nil, nil},
		"of a waiting task":           {[]string{"pod_count", "2", "task_id", "two"}, nil, []of{{third, 2}, {third, 1}}},
		"without those that ended": {[]string{"pod_count", "9", "task_id", "one"}, func(m *model, ids [3]event.ID) {
			m.setPhase(m.set.Names.Pod(ids[0], 1, 1), PhaseSucceeded)
			m.runPending()
		}, []of{{first, 3}, {first, 2}}},
		"without protected ones": {[]string{"pod_count", "9", "task_id", "one"}, func(m *model, ids [3]event.ID) {
			name := m.set.Names.Pod(ids[0], 3, 1)
			m.pods[name].obs.Protected = true
			m.showPod(name)
			m.runPending()
		}, []of{{first, 2}, {first, 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			m, ids := workersAtEveryStage(t)
			if test.change != nil {
				m.someProtected = true
				test.change(m, ids)
			}
			down := m.send(append([]string{"type", "scale_down"}, test.entry...)...)
			var want []Victim
			for _, v := range test.want {
				want = append(want, Victim{ids[v.event], v.slot})
			}
			if diff := cmp.Diff(want, m.records[down].Victims); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestScaleDownSelectsEarlierEventsOnly: however late a scale_down selects, it selects among earlier events.
func TestScaleDownSelectsEarlierEventsOnly(t *testing.T) {
	m := newModel(testSettings(), t.Fatalf)
	before := m.add(eventtest.Fields("pod_count", "2"))
	down := m.add(eventtest.Fields("type", "scale_down", "pod_count", "9"))
	after := m.add(eventtest.Fields("pod_count", "2"))
	m.deliverNew(9)
	m.commit(len(m.writes), true) // all three are accepted; the process crashes before the selection
	m.runPending()
	want := []Victim{{before, 2}, {before, 1}}
	if diff := cmp.Diff(want, m.records[down].Victims); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	m.runToEnd()
	m.checkEnd()
	if got := m.closed[after]; got != (Counts{Succeeded: 2}) {
		t.Errorf("the later event closed with %+v", got)
	}
}

// TestVictimsTerminatedAfterRestart: the process crashes after the selection is recorded and before a DELETE is sent.
func TestVictimsTerminatedAfterRestart(t *testing.T) {
	m := newModel(testSettings(), t.Fatalf)
	m.send("pod_count", "2")
	down := m.send("type", "scale_down", "pod_count", "1")
	victims := m.records[down].Victims
	m.crash(0)
	if len(m.removes) != 1 || m.removes[0].Name != m.set.Names.Pod(victims[0].Event, victims[0].Slot, 1) {
		t.Fatalf("DELETEs %v, want the victim %v", m.removes, victims)
	}
	m.runToEnd()
	m.checkEnd()
	if got := m.closed[down]; got != (Counts{Cancelled: 1}) {
		t.Errorf("the scale_down closed with %+v", got)
	}
}

func TestVictimOutcomes(t *testing.T) {
	for name, test := range map[string]struct {
		fate func(m *model, pod string)
		want SlotRecord
	}{
		"succeeded by itself": {
			func(m *model, pod string) { m.setPhase(pod, PhaseSucceeded) },
			SlotRecord{State: StateSucceeded, ExitCode: new(0)},
		},
		"ended by the DELETE": {
			func(m *model, pod string) { m.setPhase(pod, PhaseFailed) },
			SlotRecord{State: StateCancelled, Reason: ReasonScaledDown, ExitCode: new(7)},
		},
		"evicted meanwhile": {
			func(m *model, pod string) {
				m.pods[pod].obs.Disrupted = true
				m.setPhase(pod, PhaseFailed)
			},
			SlotRecord{State: StateCancelled, Reason: ReasonScaledDown, ExitCode: new(7)},
		},
		"gone, end not observed": {
			func(m *model, pod string) { m.removePod(pod) },
			SlotRecord{State: StateCancelled, Reason: ReasonScaledDown},
		},
		"stuck in Terminating": {
			func(m *model, _ string) { m.advanceTime(modelGrace + terminatingTimeout) },
			SlotRecord{State: StateLost, Reason: ReasonNodeLost},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newModel(testSettings(), t.Fatalf)
			up := m.send("pod_count", "1")
			pod := m.podNames()[0]
			m.setPhase(pod, PhaseRunning)
			m.runPending()
			m.send("type", "scale_down", "pod_count", "1")
			m.serveRemove(0, false)
			m.runPending()
			test.fate(m, pod)
			m.deliverWatch(9)
			for len(m.requests) > 0 {
				m.serveRequest(0, false)
			}
			m.runPending()
			got := m.records[up].Slots[0]
			got = SlotRecord{State: got.State, Reason: got.Reason, ExitCode: m.exitCode(up)}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if len(m.creates) > 0 {
				t.Errorf("it is started again: %v", m.creates)
			}
		})
	}
}

// exitCode is the recorded exit code of an event's first worker.
func (m *model) exitCode(id event.ID) *int { return m.records[id].Slots[0].ExitCode }

// TestVictimWithCreateInFlight: a worker is selected while its POST is in flight.
func TestVictimWithCreateInFlight(t *testing.T) {
	for _, fate := range []string{"", "unavailable", "forbidden", "refused", "request lost", "reply lost"} {
		t.Run("reply: "+fate, func(t *testing.T) {
			m := newModel(testSettings(), t.Fatalf)
			up := m.add(eventtest.Fields("pod_count", "1"))
			m.deliverNew(1)
			m.commit(1, false)
			down := m.add(eventtest.Fields("type", "scale_down", "pod_count", "1"))
			m.deliverNew(1)
			m.commit(len(m.writes), false)
			m.commit(len(m.writes), false)
			if len(m.records[down].Victims) != 1 || len(m.creates) != 1 {
				t.Fatalf("victims %v, POSTs %v", m.records[down].Victims, m.creates)
			}
			m.serveCreate(0, fate)
			m.deliverReply(0)
			m.runToEnd()
			m.checkEnd()
			if got := m.closed[up]; got.Cancelled+got.Succeeded != 1 || len(m.posted) > 1 {
				t.Errorf("it closed with %+v, Pods %v", got, m.posted)
			}
		})
	}
}
