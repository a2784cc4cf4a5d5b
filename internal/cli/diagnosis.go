package cli

import (
	"fmt"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// diagnosis is one statement about the present, and what to do about it.
type diagnosis struct {
	What string `json:"what"`
	Code string `json:"code,omitempty"`
	Fix  string `json:"fix,omitempty"`
}

// withCode adds the code and its fix.
func withCode(c errcode.Code, format string, args ...any) diagnosis {
	return diagnosis{What: fmt.Sprintf(format, args...), Code: string(c), Fix: c.Entry().Fix}
}

// withReason adds the code and the fix of a worker's reason, if it has one.
func withReason(name, what string) diagnosis {
	r, _ := worker.ReasonOf(name)
	return diagnosis{What: what, Code: string(r.Code), Fix: r.Fix}
}

var noLeader = diagnosis{
	What: "No leader holds the Lease: nothing is read and nothing starts.",
	Fix:  "check that the Main Pod runs and is ready: kubectl get pods -l app.kubernetes.io/component=main -A, and /readyz?verbose",
}

// diagnose says how the event stands now. The first case that fits.
func diagnose(f facts) []diagnosis {
	switch {
	case f.redisErr != nil:
		return diagnosePods(f)
	case f.recordErr != nil:
		return []diagnosis{withCode(errcode.RecordUnreadable, "%v", f.recordErr)}
	case f.record != nil && f.record.Closed:
		c := f.record.Counts
		closed := fmt.Sprintf("Closed: %d succeeded, %d failed, %d cancelled, %d lost.", c.Succeeded, c.Failed, c.Cancelled, c.Lost)
		return append([]diagnosis{{What: closed}}, failureReasons(f.history)...)
	case f.record != nil && f.record.Event.Type != event.ScaleUp:
		return []diagnosis{diagnoseRemoval(f)}
	case f.record != nil:
		return diagnoseOpen(f)
	}
	return diagnoseWithoutRecord(f)
}

func diagnoseWithoutRecord(f facts) []diagnosis {
	last := ""
	if n := len(f.history); n > 0 {
		last = f.history[n-1].Kind()
	}
	switch {
	case last == "closed":
		return append([]diagnosis{{What: "Closed; its record has expired."}}, failureReasons(f.history)...)
	case f.deadLetter != nil:
		d := withCode(event.ErrCode(f.deadLetter.Code), "Rejected (%s): %s", f.deadLetter.Code, f.deadLetter.Reason)
		d.Fix = fmt.Sprintf("ottoscaler dead redrive %s --set NAME=VALUE, or correct the producer", f.deadLetter.ID)
		return []diagnosis{d}
	case last == "duplicate":
		return []diagnosis{{What: "Duplicate: its idempotency key or its ID was accepted before, so it started nothing."}}
	case f.entry == nil:
		return []diagnosis{{
			What: "Unknown: the entry was never in this stream, or it was trimmed and its record has expired.",
			Fix:  "check that REDIS_STREAM, REDIS_DB and the Redis server are those it was sent to: ottoscaler config",
		}}
	}
	return []diagnosis{diagnoseEntry(f)}
}

// diagnoseEntry is about an entry that is in the stream and has no record.
func diagnoseEntry(f facts) diagnosis {
	switch {
	case !f.entry.Delivered && f.leaderless:
		return noLeader
	case !f.entry.Delivered:
		return diagnosis{
			What: "Not read yet: no replica leads, or intake is paused because the queue is full.",
			Fix:  "check the replicas: /readyz?verbose and the metrics ottoscaler_leader, ottoscaler_events_waiting",
		}
	case f.entry.Pending:
		return diagnosis{
			What: fmt.Sprintf("Delivered (%d times) and not accepted yet.", f.entry.Deliveries),
			Fix:  "if this lasts more than a few seconds, check /readyz?verbose and the log",
		}
	}
	return diagnosis{What: "Acknowledged, still in the stream, and without a record."}
}

func diagnoseOpen(f facts) []diagnosis {
	v := viewEvent(f.record, f.id.Time())
	all := []diagnosis{{What: fmt.Sprintf("Open: %d workers wait for a Pod, %d have one, %d have their outcome.",
		v.Waiting, v.Running, v.Done)}}
	if v.Waiting > 0 {
		all = append(all, diagnoseWaiting(f))
		if d, limited := diagnoseDeadline(f); limited {
			all = append(all, d)
		}
	}
	all = append(all, failureReasons(f.history)...)
	if f.clusterErr != nil {
		return append(all, diagnosis{What: "Kubernetes unavailable: " + f.clusterErr.Error()})
	}
	for i := range f.pods {
		if d, pending := diagnosePending(&f.pods[i].Observation); pending {
			all = append(all, d)
		}
	}
	return all
}

// diagnosePending says why a Pod does not run.
func diagnosePending(o *worker.Observation) (d diagnosis, pending bool) {
	if o.Phase != worker.PhasePending {
		return diagnosis{}, false
	}
	what := []string{fmt.Sprintf("Pod %s does not run yet on node %s", o.Ref.Name, o.Node)}
	if o.Node == "" {
		what[0] = fmt.Sprintf("Pod %s does not run yet, not scheduled to a node", o.Ref.Name)
	}
	for _, detail := range []string{o.Reason, o.Message, o.Warning} {
		if detail != "" {
			what = append(what, detail)
		}
	}
	reason := o.Reason
	if o.Warning != "" && o.Waiting == worker.WaitingNone {
		reason = worker.ReasonStartTimeout // what it comes to
	}
	return withReason(reason, strings.Join(what, ": ")), true
}

// failureReasons says why workers failed or are lost, once for each reason that has a fix.
func failureReasons(history []inspect.StatusEntry) []diagnosis {
	var all []diagnosis
	seen := make(map[string]bool)
	for _, e := range history {
		f := e.Fields
		name, state := f["reason"], worker.State(f["state"])
		r, _ := worker.ReasonOf(name)
		if state != worker.StateFailed && state != worker.StateLost || r.Code == "" || seen[name] {
			continue
		}
		seen[name] = true
		all = append(all, withReason(name, fmt.Sprintf("Worker %s %s: %s: %s", f["index"], state, name, f["message"])))
	}
	return all
}

// diagnosePods is for a Redis that is unavailable: only Pods are known.
func diagnosePods(f facts) []diagnosis {
	all := []diagnosis{withCode(errcode.Redis, "Redis unavailable: %v. Until it answers nothing new starts; "+
		"workers that have a Pod continue, and their outcomes are recorded afterwards.", f.redisErr)}
	if f.clusterErr != nil {
		return append(all, diagnosis{What: "Kubernetes unavailable too: " + f.clusterErr.Error()})
	}
	all = append(all, diagnosis{What: fmt.Sprintf("Kubernetes has %d Pods of this event.", len(f.pods))})
	for i := range f.pods {
		o := &f.pods[i].Observation
		d, pending := diagnosePending(o)
		if !pending {
			d = diagnosis{What: fmt.Sprintf("Pod %s %s on node %s.", o.Ref.Name, phaseVerb(o), o.Node)}
		}
		all = append(all, d)
	}
	return all
}

func phaseVerb(o *worker.Observation) string {
	switch o.Phase {
	case worker.PhaseSucceeded:
		return "succeeded"
	case worker.PhaseFailed:
		return "failed (" + o.Reason + ")"
	case worker.PhasePending, worker.PhaseRunning:
	}
	return "runs"
}
