package worker

import "time"

// maxMessage bounds what is kept of a message for people, in bytes.
const maxMessage = 1 << 10

// action is what a verdict asks for.
type action uint8

const (
	actWait  action = iota // look again at until, or when something changes
	actRun                 // record that it runs
	actRetry               // this attempt ended without the worker's fault: another one
	actEnd                 // the worker has its outcome
)

// decision is a verdict: what to do, and what to say of it.
type decision struct {
	action   action
	state    State
	reason   string
	message  string
	exitCode *int
	until    time.Time // actWait: when to look again; zero: when something changes
}

// attempt is what a verdict needs to know besides the Pod.
type attempt struct {
	since    time.Time // of its creation
	progress time.Time // when another Pod of its template was last scheduled
	pull     time.Time // since when its image cannot be pulled; zero: it can
}

// verdict decides what an observed Pod means, by the table in docs/failures.md: the first row that fits. It is pure.
func verdict(now time.Time, set *Settings, a attempt, o *Observation) decision {
	d := decision{reason: o.Reason, message: o.Message, exitCode: o.ExitCode}
	switch {
	case o.Phase == PhaseSucceeded:
		d.action, d.state = actEnd, StateSucceeded
	case o.Phase == PhaseFailed && o.Disrupted:
		d.action, d.state = actRetry, StateRetrying
	case o.Phase == PhaseFailed:
		d.action, d.state = actEnd, StateFailed
	case o.Phase == PhaseRunning:
		d = decision{action: actRun, state: StateRunning}
	case o.Waiting == WaitingBroken:
		d.action, d.state = actEnd, StateFailed
	case o.Waiting == WaitingImage:
		return overdue(now, a.pull.Add(set.ImagePullTimeout), d)
	case o.Node == "":
		if d.reason == "" {
			d.reason, d.message = "Unschedulable", "the scheduler has not looked at the Pod"
		}
		return overdue(now, later(a.since, a.progress).Add(set.PendingTimeout), d)
	}
	return d
}

// overdue waits until the limit, then fails with what d says.
func overdue(now, limit time.Time, d decision) decision {
	if now.Before(limit) {
		return decision{action: actWait, until: limit}
	}
	d.action, d.state = actEnd, StateFailed
	return d
}

// missing decides what it means that a Pod is gone although nobody recorded its end. What was never bound to a node
// did not run. Anything else may have: it is never run again.
func missing(sl *slot) decision {
	switch {
	case sl.unbound && sl.node == "":
		return decision{action: actRetry, state: StateRetrying, reason: "Deleted", message: "the Pod was deleted before it was bound to a node"}
	case sl.deleting:
		return decision{action: actEnd, state: StateCancelled, reason: "Deleted", message: "somebody deleted the Pod"}
	}
	return decision{action: actEnd, state: StateLost, reason: "Missing", message: "the Pod vanished, and nobody saw it end"}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
