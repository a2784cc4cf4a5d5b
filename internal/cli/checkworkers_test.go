package cli

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestJudgeWorkers(t *testing.T) {
	waits := func(name, reason string, kind worker.Waiting) worker.Observation {
		return worker.Observation{Ref: worker.PodRef{Name: name}, Waiting: kind, Reason: reason, Message: "not found"}
	}
	shown := pods(
		waits("a", "ErrImagePull", worker.WaitingImage), waits("b", "ErrImagePull", worker.WaitingImage), waits("c", "Unschedulable", worker.WaitingNone),
		waits("d", "StrangeError", worker.WaitingImage), waits("e", "ContainerCreating", worker.WaitingNone),
		worker.Observation{Phase: worker.PhaseFailed, Reason: "Unschedulable"},
	)
	said := []redis.Said{said("worker", "w", "state", "failed", "reason", "ErrImagePull", "message", "gone"), said("worker", "v", "state", "failed", "reason", "Refused", "message", "quota")}
	type line struct{ code, what string }
	var got []line
	for _, f := range judgeWorkers(shown, said) {
		if f.OK || f.Mend == "" || f.Name != "workers" {
			t.Errorf("got %+v", f)
		}
		got = append(got, line{f.Code, f.What})
	}
	want := []line{
		{"OTTO504", "ErrImagePull: 2 wait, 1 failed in the last 15m0s; b: not found"},
		{"OTTO501", "Refused: 0 wait, 1 failed in the last 15m0s; v: quota"},
		{"OTTO613", "StrangeError: 1 wait, 0 failed in the last 15m0s; d: not found"},
		{"OTTO503", "Unschedulable: 1 wait, 0 failed in the last 15m0s; c: not found"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(line{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := judgeWorkers(nil, nil); len(got) != 0 {
		t.Errorf("nothing waits, and yet %v", got)
	}
}

// TestNeverRan: check and the alert are about the same reasons.
func TestNeverRan(t *testing.T) {
	rules, err := os.ReadFile("../../deploy/alerts/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`result="failed",\s+reason=~"([^"]+)"`).FindStringSubmatch(string(rules))
	if m == nil {
		t.Fatal("no alert is about workers that failed for some reasons")
	}
	want := strings.Split(m[1], "|")
	slices.Sort(want)
	if diff := cmp.Diff(want, neverRan); diff != "" {
		t.Errorf("the alert's reasons against those of check (-want +got):\n%s", diff)
	}
	for _, f := range []struct {
		state, reason string
		want          bool
	}{{"failed", "ErrImagePull", true}, {"failed", "OOMKilled", false}, {"retrying", "ErrImagePull", false}} {
		if got := couldNotStart(said("state", f.state, "reason", f.reason)); got != f.want {
			t.Errorf("%s, %s: %v", f.state, f.reason, got)
		}
	}
}
