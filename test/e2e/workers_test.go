//go:build real

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// TestThreeWorkers: one entry starts three containers; they log, end and are deleted.
func TestThreeWorkers(t *testing.T) {
	s := harness.NewStack(t, cluster)
	s.Start("OTTO_SUCCEEDED_TTL=5s")
	event := s.Add("type", "scale_up", "pod_count", 3, "task_id", "task-123", "branch", "$(HOME) `id`")

	pods := []string{"otto-agent-1-" + event, "otto-agent-2-" + event, "otto-agent-3-" + event}
	s.Eventually("the three Pods", func() error {
		if got := s.Pods(); !slices.Equal(got, pods) {
			return fmt.Errorf("there are %v", got)
		}
		return nil
	})
	if cluster.Node == "containerd" {
		for _, pod := range pods {
			s.Eventually("the log of "+pod, func() error { return says(s, pod, "Starting...\nDone!\n") })
		}
	}
	s.WaitClosed(event)
	checkStatus(t, s.Status(event))
	checkRequests(t, s.Requests(), len(pods))
	if dead := s.Dead(); len(dead) != 0 {
		t.Errorf("dead letters: %v", dead)
	}
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	s.Verify()
}

func says(s *harness.Stack, pod, text string) error {
	out, err := cluster.Kubectl("logs", "-n", s.Namespace, pod)
	if err != nil {
		return err
	}
	if out != text {
		return fmt.Errorf("the log is %q", out)
	}
	return nil
}

// checkStatus: the status stream has every step once, in a valid order.
func checkStatus(t *testing.T, status []map[string]string) {
	t.Helper()
	var entries []string
	for _, e := range status {
		entries = append(entries, strings.TrimSpace(strings.Join([]string{e["kind"], e["index"], e["state"]}, " ")))
		if e["task_id"] != "task-123" || e["at"] == "" {
			t.Errorf("an entry without its task or time: %v", e)
		}
	}
	if entries[0] != "accepted" || entries[len(entries)-1] != "closed" {
		t.Errorf("the first status is %q and the last %q", entries[0], entries[len(entries)-1])
	}
	slices.Sort(entries)
	want := []string{
		"accepted", "closed", "settled",
		"worker 1 created", "worker 1 running", "worker 1 succeeded",
		"worker 2 created", "worker 2 running", "worker 2 succeeded",
		"worker 3 created", "worker 3 running", "worker 3 succeeded",
	}
	if diff := cmp.Diff(want, entries); diff != "" {
		t.Errorf("the status stream (-want +got):\n%s", diff)
	}
	if last := status[len(status)-1]; last["n_succeeded"] != "3" || last["n_failed"] != "0" {
		t.Errorf("the counts: %v", last)
	}
}

// checkRequests: a healthy worker needs one POST and one DELETE. The oracle checks the rest.
func checkRequests(t *testing.T, requests []harness.Request, workers int) {
	t.Helper()
	count := make(map[string]int)
	for _, r := range requests {
		if r.Name != "" {
			count[r.Verb]++
		}
	}
	if diff := cmp.Diff(map[string]int{"create": workers, "delete": workers}, count); diff != "" {
		t.Errorf("requests for single Pods (-want +got):\n%s", diff)
	}
}
