package worker

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// TestSimulation lets rapid choose what happens and in which order, crashes included. It checks the invariants at every
// step and all outcomes at the end.
func TestSimulation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(testSettings(), t.Fatalf)
		actions := make(map[string]func(*rapid.T))
		maps.Copy(actions, streamActions(m))
		maps.Copy(actions, requestActions(m))
		maps.Copy(actions, processActions(m))
		maps.Copy(actions, podActions(m))
		maps.Copy(actions, operatorActions(m))
		t.Repeat(actions)
		m.takenNames = map[string]bool{}
		m.resumeAll()
		m.runToEnd()
		m.checkEnd()
	})
}

// pick chooses one of n; the action is skipped when there is none.
func pick(t *rapid.T, n int) int {
	if n == 0 {
		t.Skip("nothing to choose")
	}
	return rapid.IntRange(0, n-1).Draw(t, "which")
}

// oneIn is true once in n times.
func oneIn(t *rapid.T, n int, label string) bool { return rapid.IntRange(0, n-1).Draw(t, label) == 0 }

func streamActions(m *model) map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"add":  func(t *rapid.T) { m.add(drawFields(t)) },
		"read": func(t *rapid.T) { m.deliverNew(rapid.IntRange(1, 5).Draw(t, "n")) },
		"set the group back": func(t *rapid.T) {
			if oneIn(t, 10, "sure") {
				m.setBack(rapid.IntRange(0, m.read).Draw(t, "to"))
			}
		},
		"re-read": func(*rapid.T) { m.deliverPending() },
		"read ahead": func(t *rapid.T) {
			if rapid.Bool().Draw(t, "pending") {
				m.readPending()
			} else {
				m.readNew(3)
			}
		},
	}
}

func drawFields(t *rapid.T) map[string]string {
	fields := map[string]string{"type": "scale_up", "pod_count": fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "pods"))}
	if k := rapid.IntRange(0, 4).Draw(t, "key"); k > 2 {
		fields["idempotency_key"] = fmt.Sprint("k", k)
	}
	if rapid.Bool().Draw(t, "big") {
		fields["template"] = "big"
	}
	if k := rapid.IntRange(0, 3).Draw(t, "task"); k > 0 {
		fields["task_id"] = fmt.Sprint("task-", k)
	}
	if oneIn(t, 3, "queue") {
		fields["queue"] = "web"
	}
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 0, 1:
		fields["type"] = "scale_down"
	case 2:
		cancelFields(t, fields)
	case 3:
		fields["max_parallel"] = "1"
	case 4:
		fields["start_deadline_seconds"] = "60"
	case 5:
		fields["priority"] = "high"
	}
	return fields
}

// cancelFields makes a cancel of the fields: of a task, or of one of the first events.
func cancelFields(t *rapid.T, fields map[string]string) {
	fields["type"] = "cancel"
	delete(fields, "pod_count")
	delete(fields, "template")
	if fields["task_id"] == "" {
		delete(fields, "queue")
		fields["event_id"] = fmt.Sprint(time.Unix(1_756_659_802, 0).UnixMilli(), "-", rapid.IntRange(0, 3).Draw(t, "target"))
	}
}

func operatorActions(m *model) map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"command": func(t *rapid.T) {
			m.command(rapid.SampledFrom([]string{AllQueues, "default", "web"}).Draw(t, "queue"), rapid.Bool().Draw(t, "pause"))
		},
		"obey": func(*rapid.T) { m.deliverCommands() },
		"reload": func(t *rapid.T) {
			m.reload(rapid.IntRange(0, 3).Draw(t, "cap"), rapid.Int64Range(1, 3).Draw(t, "weight"))
		},
	}
}

func requestActions(m *model) map[string]func(*rapid.T) {
	fates := []string{"", "", "", "", "", "unavailable", "forbidden", "refused", "refused", "quota", "admission", "request lost", "reply lost"}
	return map[string]func(*rapid.T){
		"commit": func(t *rapid.T) { m.commit(rapid.IntRange(1, 9).Draw(t, "n"), oneIn(t, 20, "reply lost")) },
		"create": func(t *rapid.T) {
			i := pick(t, len(m.creates))
			m.serveCreate(i, rapid.SampledFrom(fates).Draw(t, "fate"))
		},
		"remove":  func(t *rapid.T) { m.serveRemove(pick(t, len(m.removes)), oneIn(t, 6, "fail")) },
		"request": func(t *rapid.T) { m.serveRequest(pick(t, len(m.requests)), oneIn(t, 6, "fail")) },
		"reply":   func(t *rapid.T) { m.deliverReply(pick(t, len(m.replies))) },
		"watch":   func(t *rapid.T) { m.deliverWatch(rapid.IntRange(1, 5).Draw(t, "n")) },
		"relist":  func(*rapid.T) { m.list() },
		"expire": func(t *rapid.T) {
			closed := m.closedRecords()
			m.expire(closed[pick(t, len(closed))])
		},
		"late POST":       func(t *rapid.T) { m.runLatePost(pick(t, len(m.late))) },
		"names of others": func(t *rapid.T) { m.toggleTakenName(m.entries[pick(t, len(m.entries))].ID) },
	}
}

func (m *model) toggleTakenName(id event.ID) {
	name := m.set.Names.Worker(id, 1)
	if m.posted[name] == 0 {
		m.takenNames[name] = !m.takenNames[name]
	}
}

func processActions(m *model) map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"crash": func(t *rapid.T) {
			jump := time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, -1}).Draw(t, "clock jumps")) * time.Hour
			m.dropInFlight(rapid.IntRange(0, 4).Draw(t, "arrive"))
			m.now = m.now.Add(jump)
			m.beginTerm()
		},
		"flush": func(t *rapid.T) {
			// A term that has just begun may not know yet which events are closed: they would be rebuilt from their Pods. So
			// would be one whose Pod is hidden by an edit, once a third term sees it.
			known := len(m.core.lookups.byEvent)+len(m.core.orphans.byEvent)+len(m.creates)+len(m.late) == 0 && !m.anyHiddenLeft()
			if oneIn(t, 5, "sure") && known && m.first == 0 {
				m.flush()
			}
		},
		"time": func(t *rapid.T) {
			ms := rapid.SampledFrom([]int{1, 250, 5_000, 31_000, 700_000}).Draw(t, "ms")
			m.advanceTime(time.Duration(ms) * time.Millisecond)
		},
	}
}

func podActions(m *model) map[string]func(*rapid.T) {
	fates := []string{
		"run", "succeed", "fail", "evict", "image", "deleting", "delete", "again", "evict", "evict at once", "reject", "main ends", "gate",
		"node down", "hang",
	}
	return map[string]func(*rapid.T){
		"pod": func(t *rapid.T) {
			names := m.podNames()
			name := names[pick(t, len(names))]
			m.changePod(name, rapid.SampledFrom(fates).Draw(t, "fate"))
		},
		"edit": func(t *rapid.T) {
			names := m.podNames()
			switch name := names[pick(t, len(names))]; {
			case m.pods[name].edited():
				m.restoreMetadata(name)
			case m.hasOpenWorker(name) && rapid.Bool().Draw(t, "labels"):
				m.removeLabels(name)
			case m.hasOpenWorker(name):
				m.breakAnnotations(name)
			}
		},
	}
}

func (m *model) changePod(name, fate string) {
	p := m.pods[name]
	switch fate {
	case "run":
		m.setPhase(name, PhaseRunning)
	case "succeed":
		m.setPhase(name, PhaseSucceeded)
	case "fail":
		m.setPhase(name, PhaseFailed)
	case "evict":
		p.obs.Disrupted = p.obs.Disrupted || !p.obs.Phase.Ended()
		m.setPhase(name, PhaseFailed)
	case "image":
		if p.obs.Phase == PhasePending {
			p.obs.Node, p.obs.Waiting, p.obs.Reason = "node-1", WaitingImage, "ErrImagePull"
			m.showPod(name)
		}
	case "deleting":
		p.obs.Deleting = m.now.Add(30 * time.Second)
		m.showPod(name)
	case "delete":
		if m.deletable(name) {
			m.removePod(name)
		}
	case "again":
		m.showPod(name)
	default:
		m.changeOddly(name, fate)
	}
}

// changeOddly is what happens to few Pods.
func (m *model) changeOddly(name, fate string) {
	p := m.pods[name]
	if p.obs.Phase.Ended() || p.obs.MainEnded {
		return
	}
	running := p.obs.Phase == PhaseRunning
	switch {
	case fate == "evict at once" && p.obs.Node != "" && m.deletable(name):
		p.obs.Disrupted, p.obs.Reason = true, "EvictionByEvictionAPI"
		m.showPod(name)
		m.removePod(name)
	case fate == "reject":
		p.obs.Phase, p.obs.Node, p.obs.Rejected, p.obs.Ran = PhaseFailed, "node-1", true, false
		m.showPod(name)
	case fate == "main ends" && running:
		p.obs.MainEnded, p.obs.ExitCode = true, new(7)
		m.showPod(name)
	case fate == "gate" && p.obs.Node == "":
		p.obs.Gated = !p.obs.Gated
		m.showPod(name)
	case fate == "node down" && running:
		p.obs.NodeDown = m.now
		m.showPod(name)
	case fate == "hang" && !running:
		p.obs.Node, p.obs.Gated, p.obs.Starting = "node-1", false, m.now
		m.showPod(name)
	}
}
