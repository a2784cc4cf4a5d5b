package cli

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/k8s/pods"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// failureWindow is how far back failures count, as in the alert OttoscalerWorkersCannotStart.
const failureWindow = 15 * time.Minute

// startsWithin is how long a Pod may have a node before check calls it blocked although Kubernetes does not warn about it.
const startsWithin = 30 * time.Second

// checkWorkers finds what a dry run cannot: a missing image, Secret or node shows once a Pod exists. An error of either source
// is reported by the other checks.
func (d *deps) checkWorkers(ctx context.Context, cluster *cluster) []finding {
	views, podsErr := cluster.All(ctx)
	failures, statusErr := d.reader.Since(ctx, time.Now().Add(-failureWindow), failedToStart)
	now := time.Now().Add(cluster.Skew())
	all := workerFindings(now, views, failures)
	if len(all) == 0 && podsErr == nil && statusErr == nil {
		return []finding{passed("workers", "none is blocked, and none failed to start in the last %v%s", failureWindow, patient(now, views))}
	}
	return all
}

// patient says which Pods do not run yet and are no failure: those that only just got a node, and those behind a gate.
func patient(now time.Time, views []pods.PodView) string {
	gated, starting, last := 0, 0, ""
	for i := range views {
		o := &views[i].Observation
		switch {
		case o.Gated:
			gated++
		case !o.Starting.IsZero():
			starting++
			last = fmt.Sprintf("%s on node %s for %v: %s", o.Ref.Name, o.Node, now.Sub(o.Starting).Round(time.Second), o.Reason)
		}
	}
	text := ""
	if starting > 0 {
		text += fmt.Sprintf("; %d starting (%s)", starting, last)
	}
	if gated > 0 {
		text += fmt.Sprintf("; %d held back by scheduling gates", gated)
	}
	return text
}

// failedToStart reports whether a worker failed before its program ran.
func failedToStart(e inspect.StatusEntry) bool {
	r, _ := worker.ReasonOf(e.Fields["reason"])
	return e.Fields["state"] == string(worker.StateFailed) && r.Class == worker.ClassStart
}

// blockedWorkers are those that one reason keeps, or kept, from starting.
type blockedWorkers struct {
	waiting, failed int
	last, message   string // the last one, and what is known of it
}

// workerFindings is pure: a finding for each reason.
func workerFindings(now time.Time, views []pods.PodView, failures []inspect.StatusEntry) []finding {
	byReason := make(map[string]blockedWorkers)
	for _, e := range failures {
		f := e.Fields
		b := byReason[f["reason"]]
		byReason[f["reason"]] = blockedWorkers{b.waiting, b.failed + 1, f["worker"], f["message"]}
	}
	for i := range views {
		if reason, message := blocked(now, &views[i].Observation); reason != "" {
			b := byReason[reason]
			byReason[reason] = blockedWorkers{b.waiting + 1, b.failed, views[i].Ref.Name, message}
		}
	}
	var all []finding
	for _, reason := range slices.Sorted(maps.Keys(byReason)) {
		all = append(all, blockedFinding(reason, byReason[reason]))
	}
	return all
}

// blocked is why a Pod that has not started waits: a reason of the table, or one that its node may know, or that nothing of it
// starts although it has a node. No reason: it is not blocked.
func blocked(now time.Time, o *worker.Observation) (reason, message string) {
	r, _ := worker.ReasonOf(o.Reason)
	switch {
	case o.Phase != worker.PhasePending, o.Gated:
		return "", ""
	case o.Waiting != worker.WaitingNone, r.Class == worker.ClassStart:
		return o.Reason, o.Message
	case !o.Starting.IsZero() && (o.Warning != "" || now.Sub(o.Starting) > startsWithin):
		return worker.ReasonStartTimeout, strings.TrimSuffix(o.Reason+": "+o.Warning, ": ")
	}
	return "", ""
}

// blockedFinding has a code of its own for a reason that the table of reasons does not have.
func blockedFinding(reason string, b blockedWorkers) finding {
	r, _ := worker.ReasonOf(reason)
	return finding{
		Name: "workers",
		What: fmt.Sprintf("%s: %d waiting, %d failed in the last %v; %s: %s", reason, b.waiting, b.failed, failureWindow, b.last, b.message),
		Code: string(cmp.Or(r.Code, errcode.WorkersBlocked)),
		Fix:  cmp.Or(r.Fix, errcode.WorkersBlocked.Entry().Fix),
	}
}
