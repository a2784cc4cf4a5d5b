package worker

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// modelWithOrphan has a running Pod of slot 1 of an event without a record. Its annotation describes the event as origin.
func modelWithOrphan(t *testing.T, origin *event.Event) (*model, string) {
	t.Helper()
	m := newModel(testSettings(), t.Fatalf)
	name := m.addOrphanPod(1, 1, origin)
	m.deliverWatch(9)
	return m, name
}

// addOrphanPod adds a running Pod of this slot and attempt of event 1000-0.
func (m *model) addOrphanPod(slot, attempt int, origin *event.Event) string {
	id := event.ID{Ms: 1000}
	name := m.set.Names.Pod(id, slot, attempt)
	m.addPod(PodSpec{Name: name, Event: &event.Event{EventID: id}, Slot: slot, Attempt: attempt})
	m.pods[name].spec.Event = origin
	m.setPhase(name, PhaseRunning)
	return name
}

// originWith is a valid origin with one change.
func originWith(change func(*event.Event)) *event.Event {
	e := &event.Event{
		EventID: event.ID{Ms: 1000}, Type: event.ScaleUp, PodCount: 2, Timestamp: event.ID{Ms: 1000}.Time(),
		Metadata: map[string]string{"task_id": "t", "branch": "main"},
	}
	change(e)
	return e
}

// TestHostileOrigin: a Pod whose annotation is no valid event is not touched, holds capacity, and blocks nothing.
func TestHostileOrigin(t *testing.T) {
	for name, origin := range map[string]*event.Event{
		"none":                  nil,
		"empty":                 {},
		"another event's":       originWith(func(e *event.Event) { e.EventID.Seq = 1 }),
		"a scale_down":          originWith(func(e *event.Event) { e.Type = event.ScaleDown }),
		"no type":               originWith(func(e *event.Event) { e.Type = "" }),
		"no workers":            originWith(func(e *event.Event) { e.PodCount = 0 }),
		"fewer than none":       originWith(func(e *event.Event) { e.PodCount = -1 }),
		"far too many workers":  originWith(func(e *event.Event) { e.PodCount = 100_001 }),
		"task with escapes":     originWith(func(e *event.Event) { e.Metadata["task_id"] = "\x1b[2J" }),
		"task not UTF-8":        originWith(func(e *event.Event) { e.Metadata["task_id"] = "\xff" }),
		"task too long":         originWith(func(e *event.Event) { e.Metadata["task_id"] = strings.Repeat("t", 129) }),
		"value too long":        originWith(func(e *event.Event) { e.Metadata["branch"] = strings.Repeat("v", 1025) }),
		"value with NUL":        originWith(func(e *event.Event) { e.Metadata["branch"] = "\x00" }),
		"metadata too large":    originWith(func(e *event.Event) { maps.Copy(e.Metadata, eventtest.Metadata(9, 1000)) }),
		"17 metadata fields":    originWith(func(e *event.Event) { maps.Copy(e.Metadata, eventtest.Metadata(16, 1)) }),
		"colliding keys":        originWith(func(e *event.Event) { e.Metadata["BRANCH"] = "x" }),
		"a field as metadata":   originWith(func(e *event.Event) { e.Metadata["deadline_seconds"] = "soon" }),
		"key too long":          originWith(func(e *event.Event) { e.IdempotencyKey = strings.Repeat("k", 129) }),
		"key with a newline":    originWith(func(e *event.Event) { e.IdempotencyKey = "a\nb" }),
		"year 10000":            originWith(func(e *event.Event) { e.Timestamp = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) }),
		"deadline of a century": originWith(func(e *event.Event) { e.Deadline = 100 * 365 * 24 * time.Hour }),
	} {
		t.Run(name, func(t *testing.T) {
			m, pod := modelWithOrphan(t, origin)
			m.answerAll()
			m.advanceTime(24 * time.Hour)
			if n := len(m.writes) + len(m.removes) + len(m.creates) + len(m.records); n != 0 {
				t.Fatalf("it is acted on: writes %v, DELETEs %v, records %v", m.writes, m.removes, m.records)
			}
			for range m.set.MaxWorkers {
				m.add(eventtest.Fields("pod_count", "1"))
			}
			m.deliverNew(99)
			m.runPending()
			m.runPending()
			if n := len(m.pods); n != m.set.MaxWorkers {
				t.Errorf("%d Pods with the orphan, want MaxWorkers %d", n, m.set.MaxWorkers)
			}
			m.removePod(pod)
			m.runToEnd()
			m.checkEnd()
		})
	}
}

// TestRebuildFromPods: an event is rebuilt from a valid annotation, whatever its other Pods claim.
func TestRebuildFromPods(t *testing.T) {
	m, first := modelWithOrphan(t, originWith(func(*event.Event) {}))
	m.setPhase(m.addOrphanPod(1, 7, nil), PhaseRunning) // an attempt over the limit
	beyond := m.addOrphanPod(3, 1, nil)                 // the event has two slots
	huge := m.addOrphanPod(1<<30, 1<<30, nil)
	m.deliverWatch(9)
	m.answerAll()
	rec := m.records[event.ID{Ms: 1000}]
	if rec == nil || len(rec.Slots) != 2 {
		t.Fatalf("the record: %+v", rec)
	}
	if got := rec.Slots[0]; got.State.IsOutcome() || got.UID != m.pods[first].obs.Ref.UID || got.Attempt != 1 {
		t.Errorf("slot 1 is %+v, want its first Pod running", got)
	}
	if got := rec.Slots[1]; got.State != StateLost || got.Reason != "RecordLost" {
		t.Errorf("slot 2 is %+v, want lost: it has no Pod", got)
	}
	m.advanceTime(time.Hour)
	for _, r := range m.removes {
		t.Errorf("DELETE of %s, which is running", r.Name)
	}
	m.setPhase(first, PhaseSucceeded)
	m.deliverWatch(9)
	if got := m.outcome(1); got.State != StateSucceeded {
		t.Errorf("slot 1 ended %+v", got)
	}
	for _, pod := range []string{beyond, huge} {
		if p := m.pods[pod]; p == nil || !p.obs.Deleting.IsZero() {
			t.Errorf("%s was touched", pod)
		}
	}
}

// TestRebuiltSurvivesATerm: the process dies right after the record of a rebuilt event is written. What may have run is not run
// again by the next term, which finds nothing but that record and the Pod.
func TestRebuiltSurvivesATerm(t *testing.T) {
	m, pod := modelWithOrphan(t, originWith(func(*event.Event) {}))
	isRestore := func(w Write) bool { _, is := w.(Restore); return is }
	for range 10 {
		for len(m.requests) > 0 {
			m.serveRequest(0, false)
			m.deliverReply(0)
		}
		if slices.ContainsFunc(m.writes, isRestore) {
			break
		}
		m.commit(len(m.writes), false)
		m.advanceTime(rebuildDelay)
	}
	m.commit(len(m.writes), true)
	for range 3 {
		m.runPending()
	}
	if n := len(m.pods); n != 1 {
		t.Errorf("%d Pods, want the one that there was", n)
	}
	rec := m.records[event.ID{Ms: 1000}]
	if got := rec.Slots[0]; got.State.IsOutcome() || got.UID != m.pods[pod].obs.Ref.UID {
		t.Errorf("slot 1 is %+v, want its Pod running", got)
	}
	if got := rec.Slots[1]; got.State != StateLost || got.Reason != ReasonRecordLost {
		t.Errorf("slot 2 is %+v, want lost", got)
	}
}

// TestOrphanGoneBeforeAnswer: a Pod that is gone before its event's record was read holds no capacity, and is no orphan.
func TestOrphanGoneBeforeAnswer(t *testing.T) {
	m, pod := modelWithOrphan(t, originWith(func(*event.Event) {}))
	if n := m.core.lookups.activePods(); n != 1 {
		t.Fatalf("%d Pods hold capacity, want the orphan", n)
	}
	m.removePod(pod)
	m.deliverWatch(9)
	if n := m.core.lookups.activePods(); n != 0 {
		t.Errorf("%d Pods hold capacity, want none: it is gone", n)
	}
	m.serveRequest(0, false)
	m.deliverReply(0)
	if m.core.orphans.get(event.ID{Ms: 1000}) != nil {
		t.Error("an orphan without a Pod")
	}
}

// TestOrphans: the last observation of each Pod counts, and an orphan is forgotten with its last Pod.
func TestOrphans(t *testing.T) {
	id := event.ID{Ms: 1}
	pod := func(name string, phase Phase) *Observation {
		return &Observation{Ref: PodRef{Name: name}, Event: id, Phase: phase}
	}
	gone := func(name string) *Observation { return &Observation{Ref: PodRef{Name: name}, Event: id, Gone: true} }
	for name, c := range map[string]struct {
		seen         []*Observation
		pods, active int
	}{
		"one Pod":              {[]*Observation{pod("a", PhasePending)}, 1, 1},
		"the same Pod, ended":  {[]*Observation{pod("a", PhaseRunning), pod("a", PhaseFailed)}, 1, 0},
		"two Pods":             {[]*Observation{pod("a", PhaseRunning), pod("b", PhaseSucceeded)}, 2, 1},
		"one of two Pods gone": {[]*Observation{pod("a", PhaseRunning), pod("b", PhaseRunning), gone("a")}, 1, 1},
		"the last Pod is gone": {[]*Observation{pod("a", PhaseRunning), gone("a")}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			all := newOrphans()
			orph, isNew := all.add(id)
			if again, isNewAgain := all.add(id); !isNew || isNewAgain || again != orph {
				t.Fatal("it is added twice")
			}
			for _, o := range c.seen {
				all.update(o)
			}
			if orph.pods.len() != c.pods || all.activePods() != c.active {
				t.Errorf("%d Pods, %d active, want %d, %d", orph.pods.len(), all.activePods(), c.pods, c.active)
			}
			if known := all.take(id) != nil; known != (c.pods > 0) || all.get(id) != nil {
				t.Errorf("known %v, want %v, and forgotten once taken", known, c.pods > 0)
			}
		})
	}
}

// TestOrphansAfterRelist: an orphan whose Pods are not in the list is forgotten.
func TestOrphansAfterRelist(t *testing.T) {
	all := newOrphans()
	for ms, name := range map[uint64]string{1: "listed", 2: "missing"} {
		id := event.ID{Ms: ms}
		all.add(id)
		all.update(&Observation{Ref: PodRef{Name: name}, Event: id})
	}
	all.removePods(func(o *Observation) bool { return o.Ref.Name == "missing" })
	if all.get(event.ID{Ms: 1}) == nil || all.get(event.ID{Ms: 2}) != nil || all.activePods() != 1 {
		t.Errorf("the orphans are %v, want event 1 alone", all.byEvent)
	}
}
