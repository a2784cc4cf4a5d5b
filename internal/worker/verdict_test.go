package worker

import (
	"testing"
	"time"
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

func TestVerdictMissing(t *testing.T) {
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
