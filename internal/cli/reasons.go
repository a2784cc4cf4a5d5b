package cli

import (
	"fmt"

	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/trouble"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// unlucky says why workers have failed or are lost, once for each reason that somebody can do something about.
func unlucky(story []redis.Said) []reason {
	var all []reason
	told := make(map[string]bool)
	for _, s := range story {
		f := s.Fields
		literal := f["reason"]
		_, mendable := trouble.Of(literal)
		if bad := f["state"] == string(worker.StateFailed) || f["state"] == string(worker.StateLost); !bad || !mendable || told[literal] {
			continue
		}
		told[literal] = true
		all = append(all, because(literal, fmt.Sprintf("Worker %s %s: %s: %s", f["index"], f["state"], literal, f["message"])))
	}
	return all
}

// unknown says what is to be seen without Redis.
func unknown(f facts) []reason {
	all := []reason{because(trouble.Redis, fmt.Sprintf("Redis cannot be asked: %v. Until it answers nothing new starts; "+
		"workers that have a Pod go on, and what becomes of them is recorded afterwards.", f.redis))}
	if f.cluster != nil {
		return append(all, reason{What: "Kubernetes could not be asked either: " + f.cluster.Error()})
	}
	all = append(all, reason{What: fmt.Sprintf("Kubernetes has %d Pods of it.", len(f.pods))})
	for i := range f.pods {
		o := &f.pods[i].Observation
		if r, why := held(o); why {
			all = append(all, r)
			continue
		}
		all = append(all, reason{What: fmt.Sprintf("Pod %s %s on node %s.", o.Ref.Name, how(o), o.Node)})
	}
	return all
}

func how(o *worker.Observation) string {
	switch o.Phase {
	case worker.PhaseSucceeded:
		return "has succeeded"
	case worker.PhaseFailed:
		return "has failed (" + o.Reason + ")"
	case worker.PhasePending, worker.PhaseRunning:
	}
	return "runs"
}
