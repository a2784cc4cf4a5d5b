package worker

import (
	"fmt"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// maxMessage bounds what is kept of a message for people, in bytes.
const maxMessage = 1 << 10

// terminatingTimeout is how long past its grace a deleted Pod may take to go.
const terminatingTimeout = 10 * time.Minute

// action is what a verdict asks for.
type action uint8

const (
	actWait  action = iota // review at reviewAt, or when something changes
	actRun                 // record that it runs
	actRetry               // this attempt ended without the worker's fault: another one
	actEnd                 // the worker has its outcome
)

// decision is a verdict: what to do, and what is recorded of it.
type decision struct {
	action   action
	state    State
	reason   string
	message  string
	exitCode *int
	reviewAt time.Time // actWait: when to decide again; zero: when something changes
}

// attempt is what a verdict needs to know besides the Pod.
type attempt struct {
	since         time.Time // of its creation
	lastScheduled time.Time // when another Pod of its template was last scheduled
	pullingSince  time.Time // since when its image cannot be pulled; zero: it can
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
		return overdue(now, a.pullingSince.Add(set.ImagePullTimeout), d)
	case o.Node == "":
		if d.reason == "" {
			d.reason, d.message = ReasonUnschedulable, "not seen by the scheduler yet"
		}
		return overdue(now, later(a.since, a.lastScheduled).Add(set.PendingTimeout), d)
	}
	return d
}

// terminating handles a Pod that was deleted, by whomever, and that is not gone. Long past its grace nothing will tell how it
// ended: its node is lost. What may have run is not run again.
func terminating(now time.Time, o *Observation) decision {
	limit := o.Deleting.Add(terminatingTimeout)
	if now.Before(limit) {
		return decision{action: actWait, reviewAt: limit}
	}
	return decision{
		action: actEnd, state: StateLost, reason: ReasonNodeLost,
		message: fmt.Sprintf("the Pod hangs in Terminating on node %q", o.Node),
	}
}

// overdue waits until the limit, then fails with the reason of d.
func overdue(now, limit time.Time, d decision) decision {
	if now.Before(limit) {
		return decision{action: actWait, reviewAt: limit}
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

// verdictSelected is what becomes of a victim of a scale_down or cancel.
func verdictSelected(sl *slot) decision {
	d := decision{
		action: actEnd, state: StateCancelled, reason: ReasonScaledDown,
		message: fmt.Sprintf("terminated by the scale_down %s", sl.selectedBy.EventID),
	}
	if sl.selectedBy.Type == event.Cancel {
		d.reason, d.message = ReasonCancelled, fmt.Sprintf("cancelled by event %s", sl.selectedBy.EventID)
	}
	return d
}

// verdictMissing decides what it means that a Pod is gone although its end was not recorded. What was never bound to a node
// did not run. Anything else may have: it is never run again.
func verdictMissing(sl *slot) decision {
	switch {
	case sl.selectedBy != nil:
		return verdictSelected(sl)
	case sl.unbound && sl.node == "":
		return decision{action: actRetry, state: StateRetrying, reason: ReasonDeleted, message: "the Pod was deleted before it had a node"}
	case sl.deleting:
		return decision{action: actEnd, state: StateCancelled, reason: ReasonDeleted, message: "somebody deleted the Pod"}
	}
	return decision{action: actEnd, state: StateLost, reason: ReasonMissing, message: "the Pod vanished, and nobody saw it end"}
}
