package worker

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

func TestVerdict(t *testing.T) {
	set := testSettings()
	now := time.Unix(1_700_000_000, 0)
	code := func(n int) *int { return &n }
	for name, c := range map[string]struct {
		a      attempt
		o      Observation
		action action
		state  State
		reason string
	}{
		"exit 0":                    {o: Observation{Phase: PhaseSucceeded, ExitCode: code(0)}, action: actEnd, state: StateSucceeded},
		"exit 7":                    {o: Observation{Phase: PhaseFailed, ExitCode: code(7), Reason: "Error"}, action: actEnd, state: StateFailed, reason: "Error"},
		"out of memory":             {o: Observation{Phase: PhaseFailed, ExitCode: code(137), Reason: "OOMKilled"}, action: actEnd, state: StateFailed, reason: "OOMKilled"},
		"over its deadline":         {o: Observation{Phase: PhaseFailed, Reason: "DeadlineExceeded"}, action: actEnd, state: StateFailed, reason: "DeadlineExceeded"},
		"evicted":                   {o: Observation{Phase: PhaseFailed, Disrupted: true, Reason: "Evicted"}, action: actRetry, state: StateRetrying, reason: "Evicted"},
		"evicted, still running":    {o: Observation{Phase: PhaseRunning, Disrupted: true}, action: actRun, state: StateRunning},
		"finished although evicted": {o: Observation{Phase: PhaseSucceeded, Disrupted: true}, action: actEnd, state: StateSucceeded},
		"running":                   {o: Observation{Phase: PhaseRunning, Node: "n"}, action: actRun, state: StateRunning},
		"invalid image name":        {o: Observation{Node: "n", Waiting: WaitingBroken, Reason: "InvalidImageName"}, action: actEnd, state: StateFailed, reason: "InvalidImageName"},
		"image pull fails":          {a: attempt{pullingSince: now.Add(-time.Minute)}, o: Observation{Node: "n", Waiting: WaitingImage}, action: actWait},
		"image pull failed too long": {
			a: attempt{pullingSince: now.Add(-2 * time.Minute)}, o: Observation{Node: "n", Waiting: WaitingImage, Reason: "ImagePullBackOff"},
			action: actEnd, state: StateFailed, reason: "ImagePullBackOff",
		},
		"unscheduled": {a: attempt{since: now.Add(-14 * time.Minute)}, action: actWait},
		"unscheduled too long": {
			a: attempt{since: now.Add(-15 * time.Minute)}, o: Observation{Reason: "Unschedulable", Message: "0/1 nodes"},
			action: actEnd, state: StateFailed, reason: "Unschedulable",
		},
		"unscheduled while others get scheduled": {a: attempt{since: now.Add(-time.Hour), lastScheduled: now.Add(-time.Minute)}, action: actWait},
		"no scheduler":                           {a: attempt{since: now.Add(-time.Hour)}, action: actEnd, state: StateFailed, reason: "Unschedulable"},
		"starting":                               {o: Observation{Node: "n"}, action: actWait},
	} {
		t.Run(name, func(t *testing.T) {
			d := verdict(now, &set, c.a, &c.o)
			if d.action != c.action || c.action != actWait && (d.state != c.state || d.reason != c.reason) {
				t.Errorf("verdict %+v, want action %d, %s %s", d, c.action, c.state, c.reason)
			}
			if d.action == actWait && !d.reviewAt.IsZero() && !d.reviewAt.After(now) {
				t.Error("waits until a time that has passed")
			}
		})
	}
}

func TestMissing(t *testing.T) {
	for name, c := range map[string]struct {
		slot   slot
		action action
		state  State
	}{
		"deleted while on no node":   {slot{unbound: true}, actRetry, StateRetrying},
		"vanished while we were off": {slot{}, actEnd, StateLost},
		"deleted by somebody":        {slot{node: "n", deleting: true}, actEnd, StateCancelled},
		"nobody saw it vanish":       {slot{node: "n"}, actEnd, StateLost},
	} {
		t.Run(name, func(t *testing.T) {
			if d := verdictMissing(&c.slot); d.action != c.action || d.state != c.state {
				t.Errorf("missing: %+v", d)
			}
		})
	}
}

// drive runs a world with one accepted event of n slots and its Pods created.
func drive(t *testing.T, n, fate string) *world {
	w := staleWorld(t, eventtest.Fields("pod_count", n))
	w.deliverNew(1)
	w.commit(1, false)
	for len(w.creates) > 0 {
		w.serveCreate(0, fate)
		w.reply(0)
	}
	return w
}

func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	w.feed(tick{})
}

func (w *world) outcome(slot int) SlotRecord {
	w.commit(len(w.writes), false)
	return w.records[event.ID{Ms: 1000}].Slots[slot-1]
}

func TestStuckPodFailsAndIsDeletedAtOnce(t *testing.T) {
	w := drive(t, "1", "")
	name := w.podNames()[0]
	w.pods[name].obs.Node, w.pods[name].obs.Waiting, w.pods[name].obs.Reason = "n", WaitingImage, "ErrImagePull"
	w.tell(name)
	w.deliverWatch(9)
	w.pass(time.Minute)
	if got := w.outcome(1); got.State.IsOutcome() {
		t.Fatalf("%s after a minute: the timeout is two", got.State)
	}
	w.pass(time.Minute)
	if got := w.outcome(1); got.State != StateFailed || got.Reason != "ErrImagePull" {
		t.Errorf("outcome %+v, want failed (ErrImagePull)", got)
	}
	if len(w.removes) != 1 {
		t.Errorf("%d DELETEs, want 1 at once: the Pod holds resources", len(w.removes))
	}
}

func TestEvictedWorkerGetsAnotherAttempt(t *testing.T) {
	w := drive(t, "1", "")
	for attempt := 1; attempt <= 3; attempt++ {
		names := w.podNames()
		name := names[len(names)-1] // -r2 sorts after the first
		w.pods[name].obs.Disrupted, w.pods[name].obs.Reason = true, "Evicted"
		w.advance(name, PhaseFailed)
		w.deliverWatch(9)
		got := w.outcome(1)
		if attempt == 3 {
			if got.State != StateFailed || got.Reason != "Evicted" || got.Attempt != 3 {
				t.Errorf("after three attempts: %+v, want failed (Evicted)", got)
			}
			break
		}
		if got.State != StateRetrying || got.Attempt != attempt {
			t.Fatalf("after attempt %d: %+v", attempt, got)
		}
		w.pass(time.Minute)
		w.serveCreate(0, "")
		w.reply(0)
		w.commit(9, false)
	}
	w.heal()
	w.checkEnd()
}

func TestRefusedTemplateIsParkedAndFailsInTheEnd(t *testing.T) {
	w := drive(t, "3", "refused")
	if len(w.creates) != 0 {
		t.Fatal("a parked template is tried again at once")
	}
	w.pass(5 * time.Second)
	if len(w.creates) != 1 {
		t.Fatalf("%d probes, want 1", len(w.creates))
	}
	other := Entry{ID: event.ID{Ms: 2000}, Fields: eventtest.Fields("template", "big", "pod_count", "1")}
	w.entries = append(w.entries, other)
	w.deliverNew(1)
	w.commit(9, false)
	if len(w.creates) != 2 || w.creates[1].Event.Template != "big" {
		t.Error("the other template does not go on")
	}
	for range 400 {
		for len(w.creates) > 0 {
			fate := "refused"
			if w.creates[0].Event.Template == "big" {
				fate = ""
			}
			w.serveCreate(0, fate)
			w.reply(0)
		}
		w.pass(5 * time.Second)
	}
	for slot := 1; slot <= 3; slot++ {
		if got := w.outcome(slot); got.State != StateFailed || got.Reason != "Refused" {
			t.Errorf("slot %d: %+v, want failed (Refused)", slot, got)
		}
	}
	w.heal()
	w.checkEnd()
}

func TestTakenNameFailsInTheEnd(t *testing.T) {
	w := staleWorld(t, eventtest.Fields("pod_count", "1"))
	w.foreign[w.set.Names.Worker(event.ID{Ms: 1000}, 1)] = true
	w.deliverNew(1)
	w.commit(1, false)
	for i := 0; i < 1000 && !w.outcome(1).State.IsOutcome(); i++ {
		for len(w.creates) > 0 {
			w.serveCreate(0, "")
			w.reply(0)
		}
		w.pass(5 * time.Second)
	}
	if got := w.outcome(1); got.State != StateFailed || got.Reason != "NameTaken" {
		t.Errorf("outcome %+v, want failed (NameTaken)", got)
	}
	if len(w.removes) != 0 {
		t.Error("a foreign Pod is deleted")
	}
}
