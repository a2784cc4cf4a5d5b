package worker

import (
	"slices"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// answer answers every POST in flight, by template, as long as each of them takes; the rest of the time passes.
func (m *model) answer(d, step time.Duration, fates map[string]string) {
	for end := m.now.Add(d); m.now.Before(end); m.advanceTime(step) {
		for len(m.creates) > 0 {
			m.serveCreate(0, fates[m.creates[0].Event.Template])
			m.deliverReply(0)
		}
		for len(m.requests) > 0 {
			m.serveRequest(0, false)
			m.deliverReply(0)
		}
		m.deliverWatch(len(m.watched))
		m.commit(len(m.writes), false)
	}
}

// TestRefusedFails: an event whose Pods are refused fails after the pending timeout, and delays no other template.
func TestRefusedFails(t *testing.T) {
	m := modelWithPods(t, "3", "refused")
	if m.core.holding() != 0 || len(m.creates) != 0 {
		t.Fatalf("refused, %d places are held and %d POSTs follow at once", m.core.holding(), len(m.creates))
	}
	other := m.add(eventtest.Fields("template", "big", "pod_count", "1"))
	m.deliverNew(1)
	m.commit(9, false)
	if len(m.creates) != 1 || m.creates[0].Event.Template != "big" {
		t.Error("the other template is not started")
	}
	m.answer(14*time.Minute, 5*time.Second, map[string]string{"": "refused"})
	if got := m.outcome(1); got.State != "" {
		t.Errorf("before the timeout slot 1 is %+v", got)
	}
	m.answer(5*time.Minute, 5*time.Second, map[string]string{"": "refused"})
	for slot := 1; slot <= 3; slot++ {
		if got := m.outcome(slot); got.State != StateFailed || got.Reason != ReasonRefused {
			t.Errorf("slot %d: %+v, want failed (Refused)", slot, got)
		}
	}
	if m.posted[m.set.Names.Worker(other, 1)] != 1 {
		t.Error("the other template has no Pod")
	}
	m.runToEnd()
	m.checkEnd()
}

// TestRefusalOutlivesTerm: the clock of a refusal is in the record, so that a new term judges as the old one would have.
func TestRefusalOutlivesTerm(t *testing.T) {
	m := modelWithPods(t, "1", "refused")
	m.commit(9, false)
	for range 4 {
		m.answer(4*time.Minute, 5*time.Second, map[string]string{"": "refused"})
		m.beginTerm()
	}
	if got := m.outcome(1); got.Reason != ReasonRefused {
		t.Errorf("after 16 minutes of refusals in four terms: %+v", got)
	}
}

// TestUntriedIsNotRefused: an event fails as refused only after a refusal of its own.
func TestUntriedIsNotRefused(t *testing.T) {
	m := modelWithPods(t, "1", "refused")
	m.answer(14*time.Minute+50*time.Second, 5*time.Second, map[string]string{"": "refused"})
	late := m.add(eventtest.Fields("pod_count", "1"))
	m.deliverNew(1)
	m.commit(9, false)
	m.answer(time.Minute, time.Second, map[string]string{"": "refused"})
	if got := m.outcome(1); got.Reason != ReasonRefused {
		t.Errorf("the first event is %+v", got)
	}
	if got := m.records[late].Slots[0]; got.State != "" {
		t.Errorf("the late event is %+v after a minute", got)
	}
	m.answer(2*time.Minute, time.Second, nil)
	if got := m.records[late].Slots[0]; got.State != StateCreated {
		t.Errorf("with the Pods accepted again the late event is %+v", got)
	}
}

// TestSecondAttemptRefused: the second attempt of a worker that is refused for ever ends as well.
func TestSecondAttemptRefused(t *testing.T) {
	m, name := oneCreated(t)
	m.pods[name].obs.Disrupted = true
	m.setPhase(name, PhaseFailed)
	m.deliverWatch(9)
	m.commit(9, false)
	m.answer(20*time.Minute, 5*time.Second, map[string]string{"": "refused"})
	if got := m.outcome(1); got.State != StateFailed || got.Reason != ReasonRefused {
		t.Errorf("after 20 minutes of refusals: %+v", got)
	}
}

// TestLostReplies: a place is held until the API server has said that there is no Pod, and no longer.
func TestLostReplies(t *testing.T) {
	for fate, want := range map[string]State{"request lost": "", "reply lost": StateCreated} {
		t.Run(fate, func(t *testing.T) {
			m := modelWithPods(t, "4", fate)
			m.late = nil
			if m.core.holding() != 4 {
				t.Fatalf("%d places are held while nobody knows", m.core.holding())
			}
			m.answer(time.Minute, time.Second, map[string]string{"": "refused"})
			if got := m.outcome(1); got.State != want {
				t.Errorf("slot 1 is %+v, want %q", got, want)
			}
			if want == "" && m.core.holding() != 0 {
				t.Errorf("%d places are held for Pods that were refused", m.core.holding())
			}
			m.answer(20*time.Minute, 5*time.Second, map[string]string{"": "refused"})
			if got := m.outcome(1); want == "" && got.Reason != ReasonRefused {
				t.Errorf("after 20 minutes of refusals slot 1 is %+v", got)
			}
			m.runToEnd()
			m.checkEnd()
		})
	}
}

// TestBrokenWebhookDelaysNobody: one template's webhook fails for ever; another template's event starts at once.
func TestBrokenWebhookDelaysNobody(t *testing.T) {
	for _, fate := range []string{"admission", "request lost"} {
		t.Run(fate, func(t *testing.T) {
			big := eventtest.Fields("pod_count", "1", "template", "big")
			m := modelWith(t, big, big, big)
			m.deliverNew(9)
			m.commit(9, false)
			m.answer(time.Minute, time.Second, map[string]string{"big": fate})
			id := m.add(eventtest.Fields("pod_count", "1"))
			m.deliverNew(1)
			m.commit(9, false)
			m.answer(time.Second, time.Second, map[string]string{"big": fate})
			if got := m.records[id].Slots[0]; got.State != StateCreated {
				t.Errorf("the other template's worker is %+v", got)
			}
		})
	}
}

// TestQuota: while Pods of the template live no clock runs, and a freed place is tried for by one POST.
func TestQuota(t *testing.T) {
	m := modelWith(t, eventtest.Fields("pod_count", "1"), eventtest.Fields("pod_count", "3"))
	m.deliverNew(9)
	m.commit(9, false)
	first := slices.IndexFunc(m.creates, func(c create) bool { return c.Event.EventID == m.entries[0].ID })
	m.serveCreate(first, "")
	m.deliverReply(0)
	m.setPhase(m.podNames()[0], PhaseRunning)
	m.answer(time.Hour, 5*time.Second, map[string]string{"": "quota"})
	if got := m.records[m.entries[1].ID].Slots[0]; got.State != "" {
		t.Errorf("held back by the quota for an hour, a worker is %+v", got)
	}
	m.setPhase(m.podNames()[0], PhaseSucceeded)
	m.deliverWatch(9)
	m.commit(9, false)
	if len(m.creates) != 1 {
		t.Errorf("for the freed place there are %d POSTs, want 1", len(m.creates))
	}
}

func TestNameConflict(t *testing.T) {
	m := modelWith(t, eventtest.Fields("pod_count", "1"))
	m.takenNames[m.set.Names.Worker(event.ID{Ms: 1000}, 1)] = true
	m.deliverNew(1)
	m.commit(1, false)
	for i := 0; i < 1000 && !m.outcome(1).State.IsOutcome(); i++ {
		m.answer(5*time.Second, 5*time.Second, nil)
	}
	if got := m.outcome(1); got.State != StateFailed || got.Reason != ReasonNameTaken {
		t.Errorf("outcome %+v, want failed (NameTaken)", got)
	}
	if len(m.removes) != 0 {
		t.Error("another owner's Pod is deleted")
	}
}

// TestStartDeadline: a worker without a Pod in time has failed; one that had a Pod once has started.
func TestStartDeadline(t *testing.T) {
	set := testSettings()
	set.MaxWorkers = 1
	m := newModel(set, t.Fatalf)
	id := m.send("pod_count", "2", "start_deadline_seconds", "60")
	name := m.set.Names.Pod(id, 1, 1)
	m.pods[name].obs.Disrupted = true
	m.setPhase(name, PhaseFailed)
	m.deliverWatch(9)
	m.answer(time.Second, time.Second, nil) // the second worker has the place now
	m.command(AllQueues, true)
	m.deliverCommands()
	m.answer(2*time.Minute, time.Second, nil)
	if got := m.records[id].Slots; got[0].State != StateRetrying || got[1].State != StateCreated {
		t.Errorf("after the deadline: %+v", got)
	}
	other := m.send("pod_count", "2", "start_deadline_seconds", "60")
	m.answer(2*time.Minute, time.Second, nil)
	if got := m.records[other].Slots[1]; got.State != StateFailed || got.Reason != ReasonStartDeadline {
		t.Errorf("paused over the deadline, a worker is %+v", got)
	}
	m.resumeAll()
	m.runToEnd()
	m.checkEnd()
}

// TestRefusedAfterStartDeadline: the start deadline of an event is no concern of a worker that had a Pod; refused ever after,
// that worker fails all the same.
func TestRefusedAfterStartDeadline(t *testing.T) {
	m := newModel(testSettings(), t.Fatalf)
	id := m.send("pod_count", "1", "start_deadline_seconds", "60")
	name := m.set.Names.Pod(id, 1, 1)
	m.pods[name].obs.Disrupted = true
	m.setPhase(name, PhaseFailed)
	m.deliverWatch(9)
	m.answer(20*time.Minute, 5*time.Second, map[string]string{"": "refused"})
	if got := m.records[id].Slots[0]; got.State != StateFailed || got.Reason != ReasonRefused {
		t.Errorf("refused for 20 minutes, the second attempt is %+v", got)
	}
	m.runToEnd()
	m.checkEnd()
}
