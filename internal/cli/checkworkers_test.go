package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestWorkerFindings(t *testing.T) {
	waits := func(name, reason string, kind worker.Waiting) worker.Observation {
		return worker.Observation{Ref: worker.PodRef{Name: name}, Waiting: kind, Reason: reason, Message: "not found"}
	}
	pods := podViews(
		waits("a", "ErrImagePull", worker.WaitingImage), waits("b", "ErrImagePull", worker.WaitingImage), waits("c", "Unschedulable", worker.WaitingNone),
		waits("d", "OtherError", worker.WaitingImage), waits("e", "ContainerCreating", worker.WaitingNone),
		waits("f", "SchedulingGated", worker.WaitingNone), worker.Observation{Phase: worker.PhaseFailed, Reason: "Unschedulable"},
	)
	failures := []inspect.StatusEntry{
		entry("worker", "w", "state", "failed", "reason", "ErrImagePull", "message", "gone"),
		entry("worker", "v", "state", "failed", "reason", "Refused", "message", "quota"),
	}
	type line struct{ code, what string }
	var got []line
	for _, f := range workerFindings(pods, failures) {
		if f.OK || f.Fix == "" || f.Name != "workers" {
			t.Errorf("got %+v", f)
		}
		got = append(got, line{f.Code, f.What})
	}
	want := []line{
		{"OTTO504", "ErrImagePull: 2 waiting, 1 failed in the last 15m0s; b: not found"},
		{"OTTO613", "OtherError: 1 waiting, 0 failed in the last 15m0s; d: not found"},
		{"OTTO501", "Refused: 0 waiting, 1 failed in the last 15m0s; v: quota"},
		{"OTTO539", "SchedulingGated: 1 waiting, 0 failed in the last 15m0s; f: not found"},
		{"OTTO503", "Unschedulable: 1 waiting, 0 failed in the last 15m0s; c: not found"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(line{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := workerFindings(nil, nil); len(got) != 0 {
		t.Errorf("nothing is blocked: got %v", got)
	}
}

// TestFailedToStart: every reason of the class counts, of workers that failed.
func TestFailedToStart(t *testing.T) {
	for _, r := range worker.Reasons() {
		want := r.Class == worker.ClassStart
		if got := failedToStart(entry("state", "failed", "reason", r.Name)); got != want {
			t.Errorf("failed, %s: got %v, want %v", r.Name, got, want)
		}
		if failedToStart(entry("state", "retrying", "reason", r.Name)) {
			t.Errorf("retrying, %s: got true", r.Name)
		}
	}
	if failedToStart(entry("state", "failed", "reason", "Other")) {
		t.Error("failed for an unknown reason: got true")
	}
}
