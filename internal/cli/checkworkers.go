package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/trouble"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// lately is how far back a worker that could not start is looked for, as the alert OttoscalerWorkersCannotStart does.
const lately = 15 * time.Minute

// neverRan are the reasons of workers that failed before their program ran: those of that alert.
var neverRan = []string{
	"CreateContainerConfigError", "CreateContainerError", "ErrImageNeverPull", "ErrImagePull", "ImagePullBackOff", "InvalidImageName",
	"NameTaken", "Refused", "Unschedulable",
}

// checkWorkers finds what no dry run does: an image, a Secret or a node that is missing shows when a Pod is there. What
// cannot be asked was found before.
func (t *tools) checkWorkers(ctx context.Context, cluster *k8s.Client) []finding {
	pods, errPods := cluster.All(ctx)
	said, errSaid := t.reader.Since(ctx, time.Now().Add(-lately), couldNotStart)
	found := judgeWorkers(pods, said)
	if len(found) == 0 && errPods == nil && errSaid == nil {
		return []finding{good("workers", "all that have a Pod get on, and none failed to start in the last %v", lately)}
	}
	return found
}

func couldNotStart(s redis.Said) bool {
	return s.Fields["state"] == string(worker.StateFailed) && slices.Contains(neverRan, s.Fields["reason"])
}

// stuck are the workers that one reason keeps, or kept, from starting.
type stuck struct {
	waiting, failed int
	last, message   string
}

func judgeWorkers(pods []k8s.Shown, said []redis.Said) []finding {
	all := make(map[string]stuck)
	for _, s := range said {
		f := s.Fields
		k := all[f["reason"]]
		all[f["reason"]] = stuck{k.waiting, k.failed + 1, f["worker"], f["message"]}
	}
	for i := range pods {
		if o := &pods[i].Observation; cannotStart(o) {
			k := all[o.Reason]
			all[o.Reason] = stuck{k.waiting + 1, k.failed, o.Ref.Name, o.Message}
		}
	}
	var found []finding
	for _, literal := range slices.Sorted(maps.Keys(all)) {
		found = append(found, keptBy(literal, all[literal]))
	}
	return found
}

func cannotStart(o *worker.Observation) bool {
	return o.Phase == worker.PhasePending && (o.Waiting != worker.WaitingNone || o.Reason == "Unschedulable")
}

func keptBy(literal string, k stuck) finding {
	t, known := trouble.Of(literal)
	if !known {
		t, _ = trouble.Of(trouble.CannotStart)
	}
	what := fmt.Sprintf("%s: %d wait, %d failed in the last %v; %s: %s", literal, k.waiting, k.failed, lately, k.last, k.message)
	return finding{Name: "workers", What: what, Code: t.Code, Mend: t.Mend}
}
