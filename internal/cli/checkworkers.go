package cli

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/k8s/pods"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// failureWindow is how far back failures count, as in the alert OttoscalerWorkersCannotStart.
const failureWindow = 15 * time.Minute

// checkWorkers finds what a dry run cannot: a missing image, Secret or node shows once a Pod exists. An error of either source
// is reported by the other checks.
func (d *deps) checkWorkers(ctx context.Context, cluster *cluster) []finding {
	views, podsErr := cluster.All(ctx)
	failures, statusErr := d.reader.Since(ctx, time.Now().Add(-failureWindow), failedToStart)
	all := workerFindings(views, failures)
	if len(all) == 0 && podsErr == nil && statusErr == nil {
		return []finding{passed("workers", "none is blocked, and none failed to start in the last %v", failureWindow)}
	}
	return all
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
func workerFindings(views []pods.PodView, failures []inspect.StatusEntry) []finding {
	byReason := make(map[string]blockedWorkers)
	for _, e := range failures {
		f := e.Fields
		b := byReason[f["reason"]]
		byReason[f["reason"]] = blockedWorkers{b.waiting, b.failed + 1, f["worker"], f["message"]}
	}
	for i := range views {
		if o := &views[i].Observation; isBlocked(o) {
			b := byReason[o.Reason]
			byReason[o.Reason] = blockedWorkers{b.waiting + 1, b.failed, o.Ref.Name, o.Message}
		}
	}
	var all []finding
	for _, reason := range slices.Sorted(maps.Keys(byReason)) {
		all = append(all, blockedFinding(reason, byReason[reason]))
	}
	return all
}

// isBlocked reports whether a Pod that has not started waits for a reason of the table, or for one that its node may know.
func isBlocked(o *worker.Observation) bool {
	r, _ := worker.ReasonOf(o.Reason)
	return o.Phase == worker.PhasePending && (o.Waiting != worker.WaitingNone || r.Class == worker.ClassStart)
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
