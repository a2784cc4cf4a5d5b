//go:build real

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

// agent handles SIGTERM, which a shell as PID 1 does only with a trap. The annotations are for a simulated node.
const agent = `metadata:
  annotations: {devcluster.io/duration: %q, ottoscaler.io/protected: %q}
spec:
  terminationGracePeriodSeconds: 10
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: agent
    image: busybox:latest
    command: [sh, -c, "trap 'exit 143' TERM; sleep %d & wait"]
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`

// templates writes a template with long-running agents, and one with protected agents that run for fifteen seconds.
func templates(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"long":      fmt.Sprintf(agent, "5m", "false", 300),
		"protected": fmt.Sprintf(agent, "15s", "true", 15),
	} {
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestScaleDown scales a task down: all its containers stop but the protected one, which runs to completion. Another task is not
// affected.
func TestScaleDown(t *testing.T) {
	s := harness.NewStack(t, cluster)
	s.Start("OTTO_SUCCEEDED_TTL=1s", "OTTO_WORKER_TEMPLATES="+templates(t))
	spared := s.Add("type", "scale_up", "pod_count", 1, "task_id", "task-1", "template", "protected")
	other := s.Add("type", "scale_up", "pod_count", 1, "task_id", "task-2", "template", "protected")
	taken := s.Add("type", "scale_up", "pod_count", 2, "task_id", "task-1", "template", "long")
	s.Eventually("four workers to run", func() error {
		for event, n := range map[string]int{spared: 1, other: 1, taken: 2} {
			if got := states(s, event)["running"]; got != n {
				return fmt.Errorf("of %s run %d", event, got)
			}
		}
		return nil
	})
	down := s.Add("type", "scale_down", "pod_count", 3, "task_id", "task-1")
	s.WaitClosed(spared, other, taken, down)

	checkCancelled(t, s, taken)
	for _, event := range []string{spared, other} {
		if diff := cmp.Diff(map[string]int{"created": 1, "running": 1, "succeeded": 1}, states(s, event)); diff != "" {
			t.Errorf("the states of %s (-want +got):\n%s", event, diff)
		}
	}
	checkDown(t, s.Status(down))
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	s.Verify(func(in *checker.Input) { in.Templates = []string{"long", "protected"} })
}

func states(s *harness.Stack, event string) map[string]int {
	n := make(map[string]int)
	for _, e := range s.Status(event) {
		if e["kind"] == "worker" {
			n[e["state"]]++
		}
	}
	return n
}

// checkCancelled: both workers were cancelled by the scale_down; real containers ended by its SIGTERM.
func checkCancelled(t *testing.T, s *harness.Stack, event string) {
	t.Helper()
	if diff := cmp.Diff(map[string]int{"created": 2, "running": 2, "cancelled": 2}, states(s, event)); diff != "" {
		t.Errorf("the states of %s (-want +got):\n%s", event, diff)
	}
	code := ""
	if cluster.Node == "containerd" {
		code = "143"
	}
	for _, e := range s.Status(event) {
		if e["state"] == "cancelled" && (e["reason"] != "ScaledDown" || e["exit_code"] != code) {
			t.Errorf("want ScaledDown and exit code %q: %v", code, e)
		}
	}
}

// checkDown: three victims were requested, and two were available.
func checkDown(t *testing.T, status []map[string]string) {
	t.Helper()
	var entries []string
	for _, e := range status {
		entries = append(entries, e["kind"]+" "+e["message"]+e["n_cancelled"])
	}
	if diff := cmp.Diff([]string{"accepted ", "scaled_down 2 of 3 workers are taken away", "closed 2"}, entries); diff != "" {
		t.Errorf("the scale_down's status (-want +got):\n%s", diff)
	}
}
