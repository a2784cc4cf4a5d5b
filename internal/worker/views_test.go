package worker

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// published are the queues that a View has published since the last call, by name.
func (m *model) published() map[string]QueueView {
	all := make(map[string]QueueView)
	for _, w := range m.writes {
		if v, ok := w.(View); ok {
			for _, q := range v.Queues {
				all[q.Name] = q
			}
			for _, name := range v.Gone {
				all[name] = QueueView{}
			}
		}
	}
	m.commit(len(m.writes), false)
	return all
}

// TestViews: the queues are published when they have changed, and are no more when they are gone.
func TestViews(t *testing.T) {
	set := testSettings()
	set.MaxWorkers = 2
	m := newModel(set, t.Fatalf)
	m.send("pod_count", "3", "queue", "web")
	m.advanceTime(viewInterval)
	got := m.published()
	want := QueueView{Name: "web", Weight: 1, Waiting: 1, Live: 2, Oldest: m.now.Add(-viewInterval), Limit: "capacity is used up"}
	if diff := cmp.Diff(map[string]QueueView{"web": want}, got); diff != "" {
		t.Errorf("with a full house (-want +got):\n%s", diff)
	}
	m.advanceTime(viewInterval)
	if got := m.published(); len(got) != 0 {
		t.Errorf("unchanged, it is published again: %+v", got)
	}
	m.command("web", true)
	m.deliverCommands()
	m.commit(9, false)
	m.advanceTime(viewInterval)
	if got := m.published()["web"]; got.Paused == nil || got.Paused.By != "kim" || got.Limit != "queue web is paused" {
		t.Errorf("paused: %+v", got)
	}
	m.resumeAll()
	m.runToEnd()
	m.reload(0, 1) // the policy names the queue; now it does not any more
	m.step(reloaded{policy: testSettings().Policy, rules: m.set.Rules})
	m.advanceTime(viewInterval)
	if got, ok := m.published()["web"]; !ok || got.Name != "" {
		t.Errorf("the queue is gone: %+v, %v", got, ok)
	}
}
