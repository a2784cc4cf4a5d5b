package cli

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// TestRemember: of a closed event the status stream tells the workers, as far as it goes back.
func TestRemember(t *testing.T) {
	rec := record("", "", "")
	rec.Closed, rec.Counts = true, worker.Counts{Succeeded: 2, Failed: 1}
	missing := remember(rec, []redis.Said{
		said("kind", "worker", "index", "1", "state", "running", "attempt", "1", "node", "m"),
		said("kind", "worker", "index", "1", "state", "failed", "attempt", "2", "node", "n", "reason", "OOMKilled", "exit_code", "137"),
		said("kind", "worker", "index", "2", "state", "running", "attempt", "1"),
		said("kind", "worker", "index", "3", "state", "succeeded", "attempt", "1"),
		said("kind", "worker", "index", "4", "state", "failed"), said("kind", "worker", "index", "-1", "state", "failed"), said("kind", "closed"),
	})
	at := time.UnixMilli(1756659802943).UTC()
	want := []workerView{
		{Index: 1, Attempt: 2, State: "failed", Node: "n", Reason: "OOMKilled", ExitCode: new(137), At: at},
		{Index: 2, State: "unknown"},
		{Index: 3, Attempt: 1, State: "succeeded", At: at},
	}
	names := event.NewNames(event.DefaultInstance, event.DefaultStream)
	for i := range want {
		want[i].Worker, want[i].Event, want[i].Task = names.Worker(theID, i+1), theID.String(), "task-123"
	}
	if diff := cmp.Diff(want, workers(rec, names)); diff != "" || missing != 1 {
		t.Errorf("%d are missing (-want +got):\n%s", missing, diff)
	}
}
