package cli

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// TestRestoreSlots: the workers of a closed event are read from the status stream, as far back as it goes.
func TestRestoreSlots(t *testing.T) {
	rec := record("", "", "")
	rec.Closed, rec.Counts = true, worker.Counts{Succeeded: 2, Failed: 1}
	missing := restoreSlots(rec, []inspect.StatusEntry{
		entry("kind", "worker", "index", "1", "state", "running", "attempt", "1", "node", "m"),
		entry("kind", "worker", "index", "1", "state", "failed", "attempt", "2", "node", "n", "reason", "OOMKilled", "exit_code", "137"),
		entry("kind", "worker", "index", "2", "state", "running", "attempt", "1"),
		entry("kind", "worker", "index", "3", "state", "succeeded", "attempt", "1"),
		entry("kind", "worker", "index", "4", "state", "failed"), entry("kind", "worker", "index", "-1", "state", "failed"), entry("kind", "closed"),
	})
	at := time.UnixMilli(1756659802943).UTC()
	want := []workerView{
		{Index: 1, Attempt: 2, State: "failed", Node: "n", Reason: "OOMKilled", ExitCode: new(137), At: at},
		{Index: 2, State: "unknown"},
		{Index: 3, Attempt: 1, State: "succeeded", At: at},
	}
	names := event.NewNames(event.DefaultInstance, event.DefaultStream)
	for i := range want {
		want[i].Worker, want[i].Event, want[i].Task = names.Worker(testID, i+1), testID.String(), "task-123"
	}
	if diff := cmp.Diff(want, workerViews(rec, names)); diff != "" || missing != 1 {
		t.Errorf("%d are missing (-want +got):\n%s", missing, diff)
	}
}
