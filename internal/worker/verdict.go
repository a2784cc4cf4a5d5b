package worker

import (
	"fmt"
	"time"
)

// maxMessage bounds what is kept of a message for people, in bytes.
const maxMessage = 1 << 10

// terminatingTimeout is how long past its grace a deleted Pod may take to go.
const terminatingTimeout = 10 * time.Minute

const reasonNodeLost = "NodeLost"

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
	case !o.Deleting.IsZero():
		return terminating(now, o)
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

// terminating handles a Pod that somebody, perhaps we, has deleted and that is not gone. Long past its grace nobody will
// ever say how it ended: its node is lost. What may have run is not run again.
func terminating(now time.Time, o *Observation) decision {
	limit := o.Deleting.Add(terminatingTimeout)
	if now.Before(limit) {
		return decision{action: actWait, until: limit}
	}
	return decision{
		action: actEnd, state: StateLost, reason: reasonNodeLost,
		message: fmt.Sprintf("the Pod hangs in Terminating on node %q", o.Node),
	}
}

// overdue waits until the limit, then fails with what d says.
func overdue(now, limit time.Time, d decision) decision {
	if now.Before(limit) {
		return decision{action: actWait, until: limit}
	}
	d.action, d.state = actEnd, StateFailed
	return d
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
