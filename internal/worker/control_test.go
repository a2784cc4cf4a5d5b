package worker

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// TestPause: paused, nothing is created, whatever else goes on; resumed, what waited starts. A crash in between changes
// nothing.
func TestPause(t *testing.T) {
	for name, test := range map[string]struct {
		queue  string
		starts map[string]bool
	}{
		"everything": {AllQueues, map[string]bool{}},
		"one queue":  {"web", map[string]bool{event.DefaultQueue: true}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, crash := range []string{"no crash", "before the commit", "after the commit"} {
				m := newModel(testSettings(), t.Fatalf)
				m.command(test.queue, true)
				m.deliverCommands()
				if crash == "before the commit" {
					m.beginTerm()
					m.deliverCommands()
				}
				m.commit(9, false)
				if crash == "after the commit" {
					m.beginTerm()
				}
				m.send("pod_count", "1")
				m.send("pod_count", "1", "queue", "web")
				started := map[string]bool{}
				for _, p := range m.pods {
					started[p.spec.Event.Queue] = true
				}
				if diff := cmp.Diff(test.starts, started); diff != "" {
					t.Errorf("%s: paused, these start (-want +got):\n%s", crash, diff)
				}
				m.resumeAll()
				m.runToEnd()
				m.checkEnd()
			}
		})
	}
}

// TestResumeAfterCommit: a resume starts nothing before it is recorded, nor when the queue is paused again meanwhile.
func TestResumeAfterCommit(t *testing.T) {
	m := newModel(testSettings(), t.Fatalf)
	m.command("default", true)
	m.deliverCommands()
	m.commit(9, false)
	m.send("pod_count", "1")
	m.command("default", false)
	m.command("default", true)
	m.deliverCommands()
	m.commit(1, false)
	if len(m.creates) != 0 {
		t.Error("resumed and paused again, a Pod is created")
	}
	m.commit(9, false)
	m.command("default", false)
	m.deliverCommands()
	if len(m.creates) != 0 {
		t.Error("a Pod is created before the resume is recorded")
	}
	m.commit(9, false)
	if len(m.creates) != 1 {
		t.Error("resumed, nothing starts")
	}
}

// TestReload: a new policy counts from the next start on, and a lowered cap ends nobody.
func TestReload(t *testing.T) {
	m := newModel(testSettings(), t.Fatalf)
	m.reload(2, 1)
	m.send("pod_count", "5", "queue", "web")
	if n := len(m.pods); n != 2 {
		t.Fatalf("%d Pods with a cap of 2", n)
	}
	m.reload(1, 1)
	m.runPending()
	if n := len(m.pods); n != 2 || len(m.removes) != 0 {
		t.Errorf("the lowered cap leaves %d Pods, %d removals", n, len(m.removes))
	}
	m.reload(0, 1)
	m.runPending()
	if n := len(m.pods); n != 5 {
		t.Errorf("%d Pods without a cap", n)
	}
	m.runToEnd()
	m.checkEnd()
}
