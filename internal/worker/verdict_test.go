package worker

import (
	"testing"
	"time"
)

// verdictCase is a Pod and what it means.
type verdictCase struct {
	a    attempt
	o    Observation
	want decision
}

var (
	verdictNow = time.Unix(1_700_000_000, 0)

	waitOn   = decision{action: actWait}
	runsOn   = decision{action: actRun, state: StateRunning}
	succeeds = decision{action: actEnd, state: StateSucceeded}
)

func ago(minutes int) time.Time { return verdictNow.Add(-time.Duration(minutes) * time.Minute) }

func fails(reason string) decision {
	return decision{action: actEnd, state: StateFailed, reason: reason}
}

func isLost(reason string) decision {
	return decision{action: actEnd, state: StateLost, reason: reason}
}

func isRetried(reason string) decision {
	return decision{action: actRetry, state: StateRetrying, reason: reason}
}

func down(phase Phase, minutes int) Observation {
	return Observation{Phase: phase, Node: "n", NodeDown: ago(minutes)}
}

func TestVerdictEnded(t *testing.T) {
	rejected := Observation{Phase: PhaseFailed, Rejected: true, Reason: "UnexpectedAdmissionError"}
	testVerdicts(t, map[string]verdictCase{
		"exit 0":               {o: Observation{Phase: PhaseSucceeded, ExitCode: new(0)}, want: succeeds},
		"exit 7":               {o: Observation{Phase: PhaseFailed, ExitCode: new(7), Reason: "Error"}, want: fails("Error")},
		"out of memory":        {o: Observation{Phase: PhaseFailed, ExitCode: new(137), Reason: "OOMKilled"}, want: fails("OOMKilled")},
		"past its deadline":    {o: Observation{Phase: PhaseFailed, Reason: "DeadlineExceeded"}, want: fails("DeadlineExceeded")},
		"evicted":              {o: Observation{Phase: PhaseFailed, Disrupted: true, Reason: "Evicted"}, want: isRetried("Evicted")},
		"evicted, it ran":      {a: attempt{ran: true}, o: Observation{Phase: PhaseFailed, Disrupted: true, Ran: true, Reason: "Evicted"}, want: isRetried("Evicted")},
		"over its own limit":   {o: Observation{Phase: PhaseFailed, Reason: "Evicted", ExitCode: new(137)}, want: fails("Evicted")},
		"rejected":             {o: rejected, want: isRetried("UnexpectedAdmissionError")},
		"rejected, it had run": {a: attempt{ran: true}, o: rejected, want: isLost("UnexpectedAdmissionError")},
		"rejected, its status says it ran": {
			o: Observation{Phase: PhaseFailed, Rejected: true, Ran: true, Reason: "OutOfcpu", ExitCode: new(137)}, want: isLost("OutOfcpu"),
		},
		"end made up":          {o: Observation{Phase: PhaseFailed, EndUnknown: true, Reason: "Unknown"}, want: isLost("Unknown")},
		"end made up, evicted": {o: Observation{Phase: PhaseFailed, EndUnknown: true, Disrupted: true, Reason: "Evicted"}, want: isRetried("Evicted")},
		"main ended with 0":    {o: Observation{Phase: PhaseRunning, MainEnded: true, ExitCode: new(0)}, want: succeeds},
		"main ended with 7":    {o: Observation{Phase: PhaseRunning, MainEnded: true, ExitCode: new(7), Reason: "Error"}, want: fails("Error")},
		"main ended by a signal, gone": {
			o: Observation{Phase: PhaseRunning, Gone: true, MainEnded: true, ExitCode: new(143), Finished: ago(0), Reason: "Error"}, want: fails("Error"),
		},
		"main's end made up": {o: Observation{Phase: PhaseRunning, MainEnded: true, EndUnknown: true, Reason: "Unknown"}, want: isLost("Unknown")},
		"main out of memory": {
			o: Observation{Phase: PhaseRunning, MainEnded: true, ExitCode: new(137), Finished: ago(0), Reason: "OOMKilled"}, want: fails("OOMKilled"),
		},
		"main ended by SIGTERM just now": {
			o: Observation{Phase: PhaseRunning, MainEnded: true, ExitCode: new(143), Finished: ago(0), Reason: "Error"}, want: runsOn,
		},
		"main ended by SIGKILL just now": {
			o: Observation{Phase: PhaseRunning, MainEnded: true, ExitCode: new(137), Finished: ago(0), Reason: "Error"}, want: runsOn,
		},
		"main ended by SIGTERM a minute ago": {
			o: Observation{Phase: PhaseRunning, MainEnded: true, ExitCode: new(143), Finished: ago(1), Reason: "Error"}, want: fails("Error"),
		},
		"main ended, terminating": {
			o: Observation{Phase: PhaseRunning, Deleting: ago(1), MainEnded: true, ExitCode: new(143), Reason: "Error"}, want: fails("Error"),
		},
		"node down, but it has ended": {o: down(PhaseSucceeded, 60), want: succeeds},
		"succeeded although evicted":  {o: Observation{Phase: PhaseSucceeded, Disrupted: true}, want: succeeds},
	})
}

func TestVerdictActive(t *testing.T) {
	image := Observation{Node: "n", Waiting: WaitingImage, Reason: "ImagePullBackOff"}
	down := func(phase Phase, minutes int) Observation {
		return Observation{Phase: phase, Node: "n", NodeDown: ago(minutes)}
	}
	testVerdicts(t, map[string]verdictCase{
		"invalid image name":   {o: Observation{Node: "n", Waiting: WaitingBroken, Reason: "InvalidImageName"}, want: fails("InvalidImageName")},
		"terminating":          {o: Observation{Phase: PhaseRunning, Deleting: ago(9)}, want: waitOn},
		"terminating too long": {o: Observation{Phase: PhaseRunning, Deleting: ago(10)}, want: isLost(ReasonNodeLost)},
		"terminating, evicted": {o: Observation{Phase: PhaseRunning, Deleting: ago(10), Disrupted: true}, want: isLost(ReasonNodeLost)},
		"node down, running":   {o: down(PhaseRunning, 9), want: runsOn},
		"node down, pending":   {o: down(PhasePending, 9), want: waitOn},
		"node down too long":   {o: down(PhaseRunning, 10), want: isLost(ReasonNodeLost)},
		"gated":                {a: attempt{since: ago(600)}, o: Observation{Gated: true, Reason: "SchedulingGated"}, want: waitOn},
		"gate gone, no node":   {a: attempt{since: ago(14)}, o: Observation{Reason: "Unschedulable"}, want: waitOn},
		"on its node":          {o: Observation{Node: "n", Starting: ago(9)}, want: waitOn},
		"on its node too long": {o: Observation{Node: "n", Starting: ago(10)}, want: decision{action: actAsk}},
		"on its node too long, asked": {
			o: Observation{Node: "n", Starting: ago(10), Asked: true, Reason: "ContainerCreating"}, want: fails(ReasonStartTimeout),
		},
		"a sidecar crashes": {o: Observation{Node: "n", Starting: ago(9), Waiting: WaitingStart, Reason: "CrashLoopBackOff"}, want: waitOn},
		"a sidecar crashes too long": {
			o: Observation{Node: "n", Starting: ago(10), Asked: true, Waiting: WaitingStart, Reason: "CrashLoopBackOff"}, want: fails("CrashLoopBackOff"),
		},
		"image pull fails for less, on its node too long": {
			a: attempt{pullingSince: ago(1)}, o: Observation{Node: "n", Starting: ago(10), Waiting: WaitingImage, Reason: "ErrImagePull"}, want: waitOn,
		},
		"an init container works for long": {o: Observation{Node: "n", Scheduled: ago(60)}, want: waitOn},
		"evicted, still running":           {o: Observation{Phase: PhaseRunning, Disrupted: true}, want: runsOn},
		"running":                          {o: Observation{Phase: PhaseRunning, Node: "n"}, want: runsOn},
		"starting":                         {o: Observation{Node: "n"}, want: waitOn},
		"image pull fails":                 {a: attempt{pullingSince: ago(1)}, o: image, want: waitOn},
		"image pull failed too long":       {a: attempt{pullingSince: ago(2)}, o: image, want: fails("ImagePullBackOff")},
		"unscheduled":                      {a: attempt{since: ago(14)}, want: waitOn},
		"unscheduled too long": {
			a: attempt{since: ago(15)}, o: Observation{Reason: "Unschedulable", Message: "0/1 nodes"}, want: fails("Unschedulable"),
		},
		"unscheduled, others are scheduled": {a: attempt{since: ago(60), lastScheduled: ago(1)}, want: waitOn},
		"no scheduler":                      {a: attempt{since: ago(60)}, want: fails("Unschedulable")},
	})
}

func testVerdicts(t *testing.T, cases map[string]verdictCase) {
	t.Helper()
	now, set := verdictNow, testSettings()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.o.MainEnded {
				c.a.mainEnded = now
			}
			d := verdict(now, &set, c.a, &c.o)
			if d.action != c.want.action || d.action != actWait && (d.state != c.want.state || d.reason != c.want.reason) {
				t.Errorf("verdict %+v, want %+v", d, c.want)
			}
			if d.state == StateLost && (d.exitCode != nil || d.container != "") {
				t.Errorf("lost, and an exit code speaks for it: %+v", d)
			}
			if d.action == actWait && !d.reviewAt.IsZero() && !d.reviewAt.After(now) {
				t.Errorf("waits until %v, which has passed", d.reviewAt)
			}
		})
	}
}

// TestStartTimeoutMessage: what it waited for, and what Kubernetes says.
func TestStartTimeoutMessage(t *testing.T) {
	now, set := time.Unix(1_700_000_000, 0), testSettings()
	for name, c := range map[string]struct {
		o    Observation
		want string
	}{
		"nothing known":  {Observation{}, `not started on node "n" for 10m0s`},
		"its container":  {Observation{Reason: "ContainerCreating"}, `not started on node "n" for 10m0s: ContainerCreating`},
		"a warning, too": {Observation{Reason: "ContainerCreating", Warning: "FailedMount: no such volume"}, `not started on node "n" for 10m0s: ContainerCreating: FailedMount: no such volume`},
		"a sidecar": {
			Observation{Waiting: WaitingStart, Reason: "CrashLoopBackOff", Message: "back-off 5m0s", Warning: "BackOff: restarting proxy"},
			"back-off 5m0s: BackOff: restarting proxy",
		},
		"a sidecar without a word": {Observation{Waiting: WaitingStart, Reason: "CrashLoopBackOff", Warning: "BackOff"}, "BackOff"},
	} {
		t.Run(name, func(t *testing.T) {
			c.o.Node, c.o.Starting, c.o.Asked = "n", now.Add(-time.Hour), true
			if d := verdict(now, &set, attempt{}, &c.o); d.state != StateFailed || d.message != c.want {
				t.Errorf("%s: %q, want %q", d.state, d.message, c.want)
			}
		})
	}
}

func TestVerdictMissing(t *testing.T) {
	evicted := &decision{action: actRetry, state: StateRetrying, reason: "EvictionByEvictionAPI"}
	for name, c := range map[string]struct {
		slot   slot
		action action
		state  State
		reason string
	}{
		"deleted before it was bound":       {slot{unbound: true}, actRetry, StateRetrying, ReasonDeleted},
		"evicted before it was bound":       {slot{unbound: true, disruption: evicted}, actRetry, StateRetrying, ReasonDeleted},
		"gone between terms":                {slot{}, actEnd, StateLost, ReasonMissing},
		"deleted by others":                 {slot{node: "n", deleting: true}, actEnd, StateCancelled, ReasonDeleted},
		"evicted, then gone":                {slot{node: "n", ran: true, disruption: evicted}, actRetry, StateRetrying, "EvictionByEvictionAPI"},
		"evicted with a grace, then gone":   {slot{node: "n", deleting: true, disruption: evicted}, actRetry, StateRetrying, "EvictionByEvictionAPI"},
		"evicted, selected by a scale_down": {slot{node: "n", disruption: evicted, selectedBy: &trackedEvent{}}, actEnd, StateCancelled, ReasonScaledDown},
		"gone, end not observed":            {slot{node: "n"}, actEnd, StateLost, ReasonMissing},
	} {
		t.Run(name, func(t *testing.T) {
			if d := verdictMissing(&c.slot); d.action != c.action || d.state != c.state || d.reason != c.reason {
				t.Errorf("verdict %+v", d)
			}
		})
	}
}
