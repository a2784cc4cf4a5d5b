package worker

import (
	"testing"
	"time"
)

func TestVerdict(t *testing.T) {
	now, set := time.Unix(1_700_000_000, 0), testSettings()
	ago := func(minutes int) time.Time { return now.Add(-time.Duration(minutes) * time.Minute) }
	wait, succeeded := decision{action: actWait}, decision{action: actEnd, state: StateSucceeded}
	running := decision{action: actRun, state: StateRunning}
	failed := func(reason string) decision { return decision{action: actEnd, state: StateFailed, reason: reason} }
	image := Observation{Node: "n", Waiting: WaitingImage, Reason: "ImagePullBackOff"}
	for name, c := range map[string]struct {
		a    attempt
		o    Observation
		want decision
	}{
		"exit 0":             {o: Observation{Phase: PhaseSucceeded, ExitCode: new(0)}, want: succeeded},
		"exit 7":             {o: Observation{Phase: PhaseFailed, ExitCode: new(7), Reason: "Error"}, want: failed("Error")},
		"out of memory":      {o: Observation{Phase: PhaseFailed, ExitCode: new(137), Reason: "OOMKilled"}, want: failed("OOMKilled")},
		"past its deadline":  {o: Observation{Phase: PhaseFailed, Reason: "DeadlineExceeded"}, want: failed("DeadlineExceeded")},
		"invalid image name": {o: Observation{Node: "n", Waiting: WaitingBroken, Reason: "InvalidImageName"}, want: failed("InvalidImageName")},
		"evicted": {
			o:    Observation{Phase: PhaseFailed, Disrupted: true, Reason: "Evicted"},
			want: decision{action: actRetry, state: StateRetrying, reason: "Evicted"},
		},
		"evicted, still running":     {o: Observation{Phase: PhaseRunning, Disrupted: true}, want: running},
		"succeeded although evicted": {o: Observation{Phase: PhaseSucceeded, Disrupted: true}, want: succeeded},
		"running":                    {o: Observation{Phase: PhaseRunning, Node: "n"}, want: running},
		"starting":                   {o: Observation{Node: "n"}, want: wait},
		"image pull fails":           {a: attempt{pullingSince: ago(1)}, o: image, want: wait},
		"image pull failed too long": {a: attempt{pullingSince: ago(2)}, o: image, want: failed("ImagePullBackOff")},
		"unscheduled":                {a: attempt{since: ago(14)}, want: wait},
		"unscheduled too long": {
			a: attempt{since: ago(15)}, o: Observation{Reason: "Unschedulable", Message: "0/1 nodes"}, want: failed("Unschedulable"),
		},
		"unscheduled, others are scheduled": {a: attempt{since: ago(60), lastScheduled: ago(1)}, want: wait},
		"no scheduler":                      {a: attempt{since: ago(60)}, want: failed("Unschedulable")},
	} {
		t.Run(name, func(t *testing.T) {
			d := verdict(now, &set, c.a, &c.o)
			if d.action != c.want.action || d.action != actWait && (d.state != c.want.state || d.reason != c.want.reason) {
				t.Errorf("verdict %+v, want %+v", d, c.want)
			}
			if d.action == actWait && !d.reviewAt.IsZero() && !d.reviewAt.After(now) {
				t.Errorf("waits until %v, which has passed", d.reviewAt)
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
		"deleted before it was bound": {slot{unbound: true}, actRetry, StateRetrying},
		"gone between terms":          {slot{}, actEnd, StateLost},
		"deleted by others":           {slot{node: "n", deleting: true}, actEnd, StateCancelled},
		"gone, end not observed":      {slot{node: "n"}, actEnd, StateLost},
	} {
		t.Run(name, func(t *testing.T) {
			if d := verdictMissing(&c.slot); d.action != c.action || d.state != c.state {
				t.Errorf("verdict %+v", d)
			}
		})
	}
}
