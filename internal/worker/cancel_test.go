package worker

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// TestCancel: every worker without an outcome of what the cancel names, protected ones too, and of nothing else.
func TestCancel(t *testing.T) {
	first, second, third := 0, 1, 2
	for name, test := range map[string]struct {
		entry []string
		want  []int // the events whose workers are cancelled
	}{
		"a task":                  {[]string{"task_id", "two"}, []int{second, third}},
		"an event":                {[]string{"event_id", "first"}, []int{first}},
		"a packed event":          {[]string{"event_id", "third"}, []int{third}},
		"a task of another queue": {[]string{"task_id", "two", "queue", "web"}, nil},
		"an unknown event":        {[]string{"event_id", "1-1"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m, ids := workersAtEveryStage(t)
			protected := m.set.Names.Pod(ids[0], 3, 1)
			m.pods[protected].obs.Protected = true
			m.showPod(protected)
			m.runPending()
			id := m.sendCancel(test.entry, ids)
			m.runToEnd()
			m.checkEnd()
			want := 0
			for _, i := range test.want {
				want += len(m.records[ids[i]].Slots)
			}
			if got := m.closed[id]; got.Cancelled+got.Succeeded != want || got.Total() != want {
				t.Errorf("the cancel closes with %+v, want %d", got, want)
			}
		})
	}
}

// sendCancel sends a cancel; `first` and `third` stand for IDs.
func (m *model) sendCancel(entry []string, ids [3]event.ID) event.ID {
	fields := map[string]string{"type": "cancel"}
	for i := 0; i < len(entry); i += 2 {
		fields[entry[i]] = entry[i+1]
	}
	switch fields["event_id"] {
	case "first":
		fields["event_id"] = ids[0].String()
	case "third":
		fields["event_id"] = ids[2].String()
	}
	id := m.add(fields)
	m.deliverNew(9)
	m.runPending()
	return id
}

// TestCancelStartsNothing: a recorded cancel takes several steps to select all workers; meanwhile none of them starts. A later
// event of the task does.
func TestCancelStartsNothing(t *testing.T) {
	set := testSettings()
	set.MaxWorkers, set.CreateConcurrency = 1000, 1
	m := newModel(set, t.Fatalf)
	m.add(map[string]string{"type": "scale_up", "task_id": "one", "pod_count": "900"})
	m.deliverNew(1)
	m.commit(9, false)
	m.now = m.now.Add(time.Second)
	m.add(map[string]string{"type": "cancel", "task_id": "one"})
	later := m.add(map[string]string{"type": "scale_up", "task_id": "one", "pod_count": "1"})
	m.deliverNew(9)
	m.commit(9, false) // accepted
	m.commit(9, false) // and in force
	if !m.core.unfinished() {
		t.Fatal("the cancel is done in one step: this shows nothing")
	}
	for m.core.unfinished() {
		for len(m.creates) > 0 { // checked by the model
			m.serveCreate(0, "")
			m.deliverReply(0)
		}
		m.step(tick{})
	}
	m.runToEnd()
	m.checkEnd()
	if got := m.closed[later]; got.Succeeded != 1 {
		t.Errorf("the later event of the task closes with %+v", got)
	}
}

// TestCancelRaces: a POST in flight, a lost reply, and a backoff before the second attempt.
func TestCancelRaces(t *testing.T) {
	for _, fate := range []string{"", "reply lost", "request lost"} {
		t.Run(fate, func(t *testing.T) {
			m := modelWith(t, map[string]string{"type": "scale_up", "pod_count": "1", "task_id": "a"})
			m.now = m.now.Add(time.Second)
			m.deliverNew(1)
			m.commit(9, false)
			m.add(map[string]string{"type": "cancel", "task_id": "a"})
			m.deliverNew(1)
			m.commit(9, false)
			m.serveCreate(0, fate)
			m.late = nil
			m.deliverReply(0)
			m.answer(time.Minute, time.Second, nil)
			for _, name := range m.podNames() {
				if m.pods[name].obs.Node == "" && len(m.removes) == 0 {
					t.Error("the Pod is not deleted at once")
				}
			}
			m.runToEnd()
			m.checkEnd()
			if got := m.closed[m.entries[0].ID]; got.Cancelled != 1 {
				t.Errorf("the event closes with %+v", got)
			}
		})
	}
}
