package cli

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestWorkerFindings(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	waits := func(name, reason string, kind worker.Waiting) worker.Observation {
		return worker.Observation{Ref: worker.PodRef{Name: name}, Waiting: kind, Reason: reason, Message: "not found"}
	}
	pods := podViews(
		waits("a", "ErrImagePull", worker.WaitingImage), waits("b", "ErrImagePull", worker.WaitingImage), waits("c", "Unschedulable", worker.WaitingNone),
		waits("d", "OtherError", worker.WaitingImage), waits("e", "ContainerCreating", worker.WaitingNone),
		worker.Observation{Ref: worker.PodRef{Name: "f"}, Gated: true, Reason: "SchedulingGated"},
		worker.Observation{Ref: worker.PodRef{Name: "g"}, Starting: now, Reason: "ContainerCreating"},
		worker.Observation{Ref: worker.PodRef{Name: "h"}, Starting: now, Reason: "ContainerCreating", Warning: "FailedMount: no volume"},
		worker.Observation{Ref: worker.PodRef{Name: "i"}, Starting: now.Add(-time.Minute), Reason: "PodInitializing"}, worker.Observation{Phase: worker.PhaseFailed, Reason: "Unschedulable"},
	)
	failures := []inspect.StatusEntry{
		entry("worker", "w", "state", "failed", "reason", "ErrImagePull", "message", "gone"),
		entry("worker", "v", "state", "failed", "reason", "Refused", "message", "quota"),
	}
	type line struct{ code, what string }
	var got []line
	for _, f := range workerFindings(now, pods, failures) {
		if f.OK || f.Fix == "" || f.Name != "workers" {
			t.Errorf("got %+v", f)
		}
		got = append(got, line{f.Code, f.What})
	}
	want := []line{
		{"OTTO504", "ErrImagePull: 2 waiting, 1 failed in the last 15m0s; b: not found"},
		{"OTTO613", "OtherError: 1 waiting, 0 failed in the last 15m0s; d: not found"},
		{"OTTO501", "Refused: 0 waiting, 1 failed in the last 15m0s; v: quota"},
		{"OTTO550", "StartTimeout: 2 waiting, 0 failed in the last 15m0s; i: PodInitializing"},
		{"OTTO503", "Unschedulable: 1 waiting, 0 failed in the last 15m0s; c: not found"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(line{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got, want := patient(now, pods), "; 3 starting (i on node  for 1m0s: PodInitializing); 1 held back by scheduling gates"; got != want {
		t.Errorf("not blocked: %q, want %q", got, want)
	}
	if got := workerFindings(now, nil, nil); len(got) != 0 {
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
