package worker

import (
	"fmt"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

// maxMessage bounds what is kept of a message for people, in bytes.
const maxMessage = 1 << 10

const (
	// terminatingTimeout is how long past its grace a deleted Pod may take to go.
	terminatingTimeout = 10 * time.Minute
	// nodeDownTimeout is how long a node may be down under a Pod that tolerates it.
	nodeDownTimeout = 10 * time.Minute
	// signalPatience is how long the other containers of a Pod may take to end after a main one that a signal has ended.
	signalPatience = time.Minute
)

// action is what a verdict asks for.
type action uint8

const (
	actWait  action = iota // review at reviewAt, or when something changes
	actRun                 // record that it runs
	actAsk                 // get the Pod and its newest warning, then decide
	actRetry               // this attempt ended without the worker's fault: another one
	actEnd                 // the worker has its outcome
)

// decision is a verdict: what to do, and what is recorded of it.
type decision struct {
	action    action
	state     State
	reason    string
	message   string
	container string // whose exitCode it is
	exitCode  *int
	exhausted bool      // it would be retried, and may not
	reviewAt  time.Time // actWait, actRun: when to decide again; zero: when something changes
}

// attempt is what a verdict needs to know besides the Pod.
type attempt struct {
	since         time.Time // of its creation, or when the last scheduling gate was removed
	lastScheduled time.Time // when another Pod of its template was last scheduled
	pullingSince  time.Time // since when its image cannot be pulled; zero: it can
	mainEnded     time.Time // when its main container was first seen to have ended; zero: it has not
	ran           bool      // it was recorded or seen as running, in this term or before
}

// verdict decides what an observed Pod means, by the table in docs/failures.md: the first row that fits. It is pure.
func verdict(now time.Time, set *Settings, a attempt, o *Observation) decision {
	d := decision{reason: o.Reason, message: o.Message, container: o.Container, exitCode: o.ExitCode}
	switch {
	case o.Phase == PhaseSucceeded:
		return d.end(StateSucceeded)
	case o.Phase == PhaseFailed:
		return verdictFailed(a, o, d)
	case o.MainEnded:
		return verdictMainEnded(now, a, o, d)
	case !o.Deleting.IsZero():
		return nodeLost(now, o.Deleting.Add(terminatingTimeout), fmt.Sprintf("the Pod hangs in Terminating on node %q", o.Node))
	case !o.NodeDown.IsZero():
		lost := nodeLost(now, o.NodeDown.Add(nodeDownTimeout), fmt.Sprintf("node %q has not been ready for %v", o.Node, nodeDownTimeout))
		if lost.action == actWait && o.Phase == PhaseRunning {
			lost.action, lost.state = actRun, StateRunning
		}
		return lost
	case o.Phase == PhaseRunning:
		return decision{action: actRun, state: StateRunning}
	}
	return verdictPending(now, set, a, o, d)
}

func (d decision) end(s State) decision {
	d.action, d.state = actEnd, s
	return d
}

// lost ends a worker whose end nobody knows: no exit code speaks for it.
func (d decision) lost() decision {
	d.container, d.exitCode = "", nil
	return d.end(StateLost)
}

// verdictFailed is about a Pod that has ended, not well. What ran is not run again but for an eviction by the infrastructure.
func verdictFailed(a attempt, o *Observation, d decision) decision {
	switch {
	case o.Disrupted, o.Rejected && !a.ran && !o.Ran:
		d.action, d.state = actRetry, StateRetrying
		return d
	case o.Rejected, o.EndUnknown:
		return d.lost()
	}
	return d.end(StateFailed)
}

// verdictMainEnded is about a Pod of which only others than the main container run. One that a signal has ended may be the
// first of a Pod that the kubelet ends, which says why only when all of them have ended; a Pod that is gone says no more.
func verdictMainEnded(now time.Time, a attempt, o *Observation, d decision) decision {
	ended := o.Finished
	if ended.After(a.mainEnded) { // by a clock that is ahead of ours
		ended = a.mainEnded
	}
	decided := ended.Add(signalPatience)
	switch {
	case o.endedBySignal() && !o.Gone && now.Before(decided):
		return decision{action: actRun, state: StateRunning, reviewAt: decided}
	case o.EndUnknown:
		return d.lost()
	case o.ExitCode != nil && *o.ExitCode == 0:
		return d.end(StateSucceeded)
	}
	return d.end(StateFailed)
}

// nodeLost waits until the limit. Past it nothing will tell how a Pod ended. What may have run is not run again.
func nodeLost(now, limit time.Time, why string) decision {
	if now.Before(limit) {
		return decision{action: actWait, reviewAt: limit}
	}
	return decision{action: actEnd, state: StateLost, reason: ReasonNodeLost, message: why}
}

// verdictPending is about a Pod that does not run yet.
func verdictPending(now time.Time, set *Settings, a attempt, o *Observation, d decision) decision {
	switch {
	case o.Waiting == WaitingBroken:
		return d.end(StateFailed)
	case o.Waiting == WaitingImage:
		return overdue(now, a.pullingSince.Add(set.ImagePullTimeout), d)
	case o.Gated: // whoever set the gate decides how long
		return decision{action: actWait}
	case o.Node == "":
		if d.reason == "" {
			d.reason, d.message = ReasonUnschedulable, "not seen by the scheduler yet"
		}
		return overdue(now, later(a.since, a.lastScheduled).Add(set.PendingTimeout), d)
	case o.Starting.IsZero() || set.StartTimeout == 0:
		return decision{action: actWait}
	}
	return verdictStarting(now, set, o, d)
}

// verdictStarting is about a Pod that has a node and of which nothing starts: a volume or a sandbox that does not come, a
// sidecar that ends again and again. Kubernetes says why in the Pod's Events, so these are read before it fails.
func verdictStarting(now time.Time, set *Settings, o *Observation, d decision) decision {
	d = overdue(now, o.Starting.Add(set.StartTimeout), d)
	switch {
	case d.action == actWait:
		return d
	case !o.Asked:
		return decision{action: actAsk}
	}
	where := o.Message
	if o.Waiting == WaitingNone {
		where = fmt.Sprintf("not started on node %q for %v", o.Node, set.StartTimeout)
		if o.Reason != "" {
			where += ": " + o.Reason
		}
		d.reason = ReasonStartTimeout
	}
	if o.Warning != "" && where != "" {
		where += ": "
	}
	d.message = text.Ellipsis(where+o.Warning, maxMessage)
	return d
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
// did not run; what was being evicted when it was last seen was ended by the infrastructure. Anything else may have run: it
// is never run again.
func verdictMissing(sl *slot) decision {
	switch {
	case sl.selectedBy != nil:
		return verdictSelected(sl)
	case sl.unbound && sl.node == "":
		return decision{action: actRetry, state: StateRetrying, reason: ReasonDeleted, message: "the Pod was deleted before it had a node"}
	case sl.disruption != nil:
		return *sl.disruption
	case sl.deleting:
		return decision{action: actEnd, state: StateCancelled, reason: ReasonDeleted, message: "somebody deleted the Pod"}
	}
	return decision{action: actEnd, state: StateLost, reason: ReasonMissing, message: "the Pod vanished, and nobody saw it end"}
}

// disruption is what becomes of a Pod if it vanishes while the infrastructure ends it; nil: it does not. With a grace of 0
// nothing else is seen of it.
func disruption(o *Observation) *decision {
	if !o.Disrupted || o.Phase.Ended() {
		return nil
	}
	return &decision{action: actRetry, state: StateRetrying, reason: o.Reason, message: o.Message}
}
