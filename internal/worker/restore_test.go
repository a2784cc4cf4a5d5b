package worker

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// TestNothingStartsBeforeTheFirstList: a term creates no Pod before it has seen which exist.
func TestNothingStartsBeforeTheFirstList(t *testing.T) {
	m := modelWith(t, eventtest.Fields("pod_count", "2"))
	m.deliverNew(1)
	m.commit(1, false)
	m.serveCreate(0, "") // it is created, and the process crashes before that is recorded
	core := newState(m.set)
	rec := m.copyOf(m.records[event.ID{Ms: 1000}])
	for _, e := range core.step(m.now, loaded{records: []Record{rec}, lastAccepted: m.lastAccepted}) {
		t.Errorf("before the first list: %T", e)
	}
	var posts []string
	var pods []Observation
	for _, name := range m.podNames() {
		pods = append(pods, m.pods[name].obs)
	}
	for _, e := range core.step(m.now, observed{pods, true}) {
		if c, ok := e.(create); ok {
			posts = append(posts, c.Name)
		}
	}
	if len(posts) != 1 || posts[0] != "otto-agent-2-1000-0" {
		t.Errorf("POSTs %v, want slot 2 alone: slot 1 has its Pod", posts)
	}
}

// TestEndedPodsDeletedAfterRestart: the record of an earlier term is enough to delete an ended Pod.
func TestEndedPodsDeletedAfterRestart(t *testing.T) {
	m := modelWithPods(t, "2", "")
	m.commit(9, false)
	first, second := m.podNames()[0], m.podNames()[1]
	m.setPhase(first, PhaseSucceeded)
	m.deliverWatch(9)
	m.commit(9, false)
	m.beginTerm()
	m.advanceTime(30 * time.Second)
	if len(m.removes) != 1 || m.removes[0].Name != first {
		t.Fatalf("DELETEs %v, want %s", m.removes, first)
	}
	m.setPhase(second, PhaseSucceeded)
	m.runToEnd()
	m.checkEnd()
}
