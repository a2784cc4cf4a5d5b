package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// diagnoseWaiting names the first limit that keeps the event's next worker from starting, in the order in which the leader
// looks at them.
func diagnoseWaiting(f facts) diagnosis {
	if f.leaderless {
		return noLeader
	}
	for _, limit := range []func(facts) (diagnosis, bool){
		limitedByPause, limitedByCap, limitedByItself, limitedByRefusal, limitedByLane, limitedByDryRun, limitedByLeader,
		limitedByCapacity, limitedByOthers,
	} {
		if d, binds := limit(f); binds {
			return d
		}
	}
	return diagnosis{
		What: "Capacity available: " + f.capacity() + ". They are about to start.",
		Fix:  "if this lasts, check /readyz?verbose and the metric ottoscaler_leader",
	}
}

func (f *facts) capacity() string {
	return fmt.Sprintf("%d workers running or pending, OTTO_MAX_WORKERS is %d (%s)", f.active, f.maxWorkers, f.maxWorkersSource)
}

func (f *facts) queue() string { return queueOf(&f.record.Event) }

func limitedByPause(f facts) (diagnosis, bool) {
	name, p, found := pauseOf(f.queue(), f.paused)
	return diagnosis{
		What: upperFirst(describePause(name, p)) + ".",
		Fix:  resumeCommand(name),
	}, found
}

func limitedByCap(f facts) (diagnosis, bool) {
	v := f.view(f.queue())
	if v == nil || v.MaxWorkers == 0 || v.Live < v.MaxWorkers {
		return diagnosis{}, false
	}
	return diagnosis{
		What: fmt.Sprintf("Queue %s is at its cap of %d.", v.Name, v.MaxWorkers),
		Fix:  "wait for its workers to end, or raise max_workers of the queue in OTTO_QUEUES_FILE",
	}, true
}

// limitedByItself is max_parallel.
func limitedByItself(f facts) (diagnosis, bool) {
	live, limit := viewEvent(f.record, f.id.Time()).Running, f.record.Event.MaxParallel
	return diagnosis{
		What: fmt.Sprintf("max_parallel %d: %d of its workers have a Pod.", limit, live),
		Fix:  "nothing: the next one starts when one of them ends",
	}, limit > 0 && live >= limit
}

func limitedByRefusal(f facts) (diagnosis, bool) {
	fails := f.refusedAt.Add(f.timeout)
	return withCode(errcode.TemplateParked, "The API server refuses its Pods since %s: %q. Without one that is accepted it fails at %s, "+
		"or after one last try.", formatClock(f.refusedAt), f.refusal(), formatClock(fails)), !f.refusedAt.IsZero()
}

// refusal is what the API server said last about a Pod of the event.
func (f *facts) refusal() string {
	if l := f.lane(); l != nil {
		return l.Message
	}
	for _, e := range slices.Backward(f.history) {
		if e.Kind() == "waiting" {
			return e.Fields["message"]
		}
	}
	if f.dryRunErr != nil {
		return f.dryRunErr.Error()
	}
	return "unknown"
}

// lane is what holds Pods like those of the event; nil: nothing does. Which shape an event has is the leader's to say, so an
// event that overrides something is compared with every shape of its template.
func (f *facts) lane() *worker.LaneView {
	v, e := f.view(f.queue()), &f.record.Event
	if v == nil {
		return nil
	}
	for i := range v.Lanes {
		if l := &v.Lanes[i]; l.Template == e.Template && (l.Shape != "") == overrides(e) {
			return l
		}
	}
	return nil
}

func overrides(e *event.Event) bool { return e.Image != "" || e.CPU != "" || e.Memory != "" }

func limitedByLane(f facts) (diagnosis, bool) {
	l := f.lane()
	switch {
	case l == nil:
		return diagnosis{}, false
	case isOpen(*l):
		return withCode(errcode.BreakerOpen, "Its lane is shut (%s): %q%s", l.Cause, l.Message, f.trial(l)), true
	}
	if l.State == worker.LaneRefused {
		return withCode(errcode.TemplateParked, "The API server refused its Pod: %q%s", l.Message, f.trial(l)), true
	}
	quota := withCode(errcode.TemplateParked, "Quota is full: %q. A place that is freed is tried at once%s", l.Message, f.trial(l))
	return quota, f.active < f.maxWorkers // else it would wait without the quota, too
}

// trial says when Pods of a lane are tried next.
func (f *facts) trial(l *worker.LaneView) string {
	if l.Next.IsZero() {
		return "."
	}
	return fmt.Sprintf("; next trial in %v.", max(0, l.Next.Sub(f.now)).Round(time.Second))
}

// limitedByDryRun is what the API server says to a Pod of the template now.
func limitedByDryRun(f facts) (diagnosis, bool) {
	if worker.IsRefusal(f.dryRunErr) {
		return withCode(errcode.TemplateParked, "The API server refuses another Pod of its template: %v", f.dryRunErr), true
	}
	return withCode(errcode.CreateFailed, "The API server accepts no Pod, or none from this account: %v", f.dryRunErr), f.dryRunErr != nil
}

// limitedByLeader is what the leader itself says of the queue: also the limits that nobody else sees. Of capacity more is known
// here, and a pause that is over may still be in what it published.
func limitedByLeader(f facts) (diagnosis, bool) {
	v := f.view(f.queue())
	if v == nil || v.Limit == "" || v.Paused != nil || strings.HasPrefix(v.Limit, "capacity ") {
		return diagnosis{}, false
	}
	return diagnosis{What: fmt.Sprintf("Queue %s waits: %s.", v.Name, strings.TrimSuffix(v.Limit, "."))}, true
}

func limitedByCapacity(f facts) (diagnosis, bool) {
	what := []string{"Waiting for capacity: " + f.capacity()}
	if v := f.view(f.queue()); v != nil {
		what = append(what, fmt.Sprintf("queue %s holds %d places at weight %d, %s", v.Name, v.Live, v.Weight, nextFreed(v, f.queues)))
	}
	what = append(what, f.others()...)
	return diagnosis{
		What: strings.Join(what, "; ") + ".",
		Fix:  "wait for others to end, or raise OTTO_MAX_WORKERS",
	}, f.active >= f.maxWorkers
}

// nextFreed says whose the next freed place is: that of the queue that waits with the lowest share.
func nextFreed(own *worker.QueueView, all []worker.QueueView) string {
	first := own
	for i := range all {
		v := &all[i]
		capped := v.MaxWorkers > 0 && v.Live >= v.MaxWorkers
		if v.Waiting > 0 && !capped && v.Paused == nil && int64(v.Live)*first.Weight < int64(first.Live)*v.Weight {
			first = v
		}
	}
	if first == own {
		return "the next freed is its own"
	}
	return fmt.Sprintf("the next freed is of queue %s, which holds %d at weight %d", first.Name, first.Live, first.Weight)
}

func limitedByOthers(f facts) (diagnosis, bool) {
	return diagnosis{What: upperFirst(strings.Join(f.others(), "")) + "."}, f.ahead > 0
}

// others says how many events come first; empty: none.
func (f *facts) others() []string {
	if f.ahead == 0 {
		return nil
	}
	about := ""
	if f.mixed {
		about = "about "
	}
	return []string{fmt.Sprintf("%s%d events of its queue come first", about, f.ahead)}
}

// diagnoseDeadline says until when workers may wait.
func diagnoseDeadline(f facts) (diagnosis, bool) {
	limit := f.record.Event.StartDeadline
	until := formatClock(f.acceptedAt().Add(limit))
	return diagnosis{
		What: fmt.Sprintf("Start deadline %v: workers without a Pod at %s fail (StartDeadlineExceeded).", limit, until),
	}, limit > 0
}

// acceptedAt is when the event was accepted; a record of an earlier version may not say, so it is when it was sent.
func (f *facts) acceptedAt() time.Time {
	if f.record.AcceptedAt.IsZero() {
		return f.id.Time()
	}
	return f.record.AcceptedAt
}

// diagnoseRemoval is about an open scale_down or cancel: nothing limits it but the Pods that it waits for.
func diagnoseRemoval(f facts) diagnosis {
	e, c := &f.record.Event, f.record.Counts
	switch {
	case f.leaderless:
		return noLeader
	case !f.record.Settled:
		return diagnosis{
			What: "Accepted, and its workers are not selected yet.",
			Fix:  "if this lasts more than a few seconds, check /readyz?verbose and the log",
		}
	case e.Type == event.Cancel:
		return diagnosis{What: fmt.Sprintf("Open: cancels %s. %d of its workers have their outcome, %d have none yet%s",
			cancelTarget(e), c.Total(), len(f.left), terminating(f.left))}
	}
	return diagnosis{What: fmt.Sprintf("Open: %d workers selected, %d of them have their outcome%s",
		len(f.record.Victims), c.Total(), terminating(f.left))}
}

// cancelTarget is what a cancel cancels.
func cancelTarget(e *event.Event) string {
	if !e.Target.IsZero() {
		return "event " + e.Target.String()
	}
	return fmt.Sprintf("task %q of queue %s", e.TaskID(), queueOf(e))
}

const maxNamed = 5 // of the workers that a removal waits for

// terminating names the workers that a removal waits for.
func terminating(left []string) string {
	if len(left) == 0 {
		return "."
	}
	names := strings.Join(left[:min(len(left), maxNamed)], ", ")
	if more := len(left) - maxNamed; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	return ". The others are terminating within the grace period of their Pods: " + names + "."
}

// upperFirst begins a sentence.
func upperFirst(s string) string { return strings.ToUpper(s[:min(1, len(s))]) + s[min(1, len(s)):] }
