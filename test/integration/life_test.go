//go:build real

package integration

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

const failing = `metadata:
  annotations: {%s}
spec:
  containers:
  - name: agent
    image: busybox:latest
    command: [sh, -c, "exit 7"]
    securityContext:
      allowPrivilegeEscalation: false
      runAsNonRoot: true
      runAsUser: 65532
      capabilities: {drop: [ALL]}
      seccompProfile: {type: RuntimeDefault}
`

// templates writes operator templates with annotations for devcluster's simulated node.
func templates(t *testing.T, fates map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, annotations := range fates {
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(fmt.Sprintf(failing, annotations)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestOutcomes: a worker's outcome says how its Pod ended, and its Pod is deleted in every case.
func TestOutcomes(t *testing.T) {
	s := harness.NewStack(t, cluster)
	dir := templates(t, map[string]string{
		"fails":   `devcluster.io/exit-code: "7"`,
		"no-pull": `devcluster.io/fault: image-pull`,
		"evicted": `devcluster.io/fault: evict`,
		"hangs":   `devcluster.io/fault: hang`,
	})
	s.Start("OTTO_WORKER_TEMPLATES="+dir, "OTTO_FAILED_TTL=2s", "OTTO_SUCCEEDED_TTL=1s", "OTTO_IMAGE_PULL_TIMEOUT=3s", "OTTO_START_TIMEOUT=10s",
		"OTTO_MAX_ATTEMPTS=2")
	events := map[string]string{}
	for _, name := range []string{"fails", "no-pull", "evicted", "hangs"} {
		events[name] = s.Add(up("template", name)...)
	}
	s.WaitClosed(slices.Collect(maps.Values(events))...)
	for name, want := range map[string]struct{ state, reason, code, attempt string }{
		"fails":   {"failed", "", "7", "1"},
		"no-pull": {"failed", "", "", "1"},
		"evicted": {"failed", "Evicted", "137", "2"},
		"hangs":   {"failed", "StartTimeout", "", "1"},
	} {
		got := outcome(s, events[name])
		if got["state"] != want.state || got["exit_code"] != want.code || got["attempt"] != want.attempt || got["reason"] == "" ||
			want.reason != "" && got["reason"] != want.reason {
			t.Errorf("%s: %v, want %+v with a reason", name, got, want)
		}
	}
	s.Verify(func(in *checker.Input) { in.Templates = slices.Collect(maps.Keys(events)) })
}

func outcome(s *harness.Stack, event string) map[string]string {
	for _, e := range s.Status(event) {
		if e["kind"] == "worker" && slices.Contains([]string{"succeeded", "failed", "cancelled", "lost"}, e["state"]) {
			return e
		}
	}
	return nil
}

// TestKilledInABurst: kill -9 at several points of a burst, then restart: every worker runs exactly once.
func TestKilledInABurst(t *testing.T) {
	s := harness.NewStack(t, cluster)
	env := []string{"OTTO_SUCCEEDED_TTL=1s", "OTTO_MAX_WORKERS=500"}
	s.Start(env...)
	var events []string
	total := 0
	for round := range 4 {
		for i := range 10 {
			n := 1 + (round+i)%5
			total += n
			events = append(events, s.Add("type", "scale_up", "pod_count", n, "task_id", "burst"))
		}
		s.Eventually("the burst to begin", func() error {
			if got := len(harness.Count(s.Requests())["create"]); got < total-20 {
				return fmt.Errorf("%d POSTs", got)
			}
			return nil
		})
		s.Kill()
		s.Start(env...)
	}
	s.WaitClosed(events...)
	for _, e := range events {
		last := s.Status(e)[len(s.Status(e))-1]
		if last["n_lost"] != "0" || last["n_failed"] != "0" {
			t.Errorf("event %s: %v", e, last)
		}
	}
	s.Verify(harness.WithFault(checker.Fault{Killed: true}))
}

func created(requests []harness.Request) map[string]int {
	out := make(map[string]int)
	for _, r := range requests {
		if r.Verb == "create" && r.Code == 201 {
			out[r.Name]++
		}
	}
	return out
}

// TestStoppedInABurst: SIGTERM ends the product with exit code 0, no POST follows, and the next start does the rest.
func TestStoppedInABurst(t *testing.T) {
	s := harness.NewStack(t, cluster)
	s.Start("OTTO_SUCCEEDED_TTL=1s", "OTTO_MAX_WORKERS=500", "OTTO_CREATE_CONCURRENCY=2")
	event := s.Add("type", "scale_up", "pod_count", 300)
	s.Eventually("the first Pods", func() error {
		if got := len(created(s.Requests())); got < 10 {
			return fmt.Errorf("%d POSTs", got)
		}
		return nil
	})
	if code := s.Stop(); code != 0 {
		t.Errorf("exit code %d after SIGTERM, want 0", code)
	}
	before := len(created(s.Requests()))
	if before == 300 {
		t.Log("all Pods were created before the stop: nothing was interrupted")
	}
	s.Start("OTTO_SUCCEEDED_TTL=1s", "OTTO_MAX_WORKERS=500")
	s.WaitClosed(event)
	if got := len(created(s.Requests())); got != 300 {
		t.Errorf("%d Pods were created, want 300", got)
	}
	s.Verify(harness.WithFault(checker.Fault{Killed: true}))
}

// TestRedisOutage: work continues by itself after a restart of Redis.
func TestRedisOutage(t *testing.T) {
	s := harness.NewStack(t, cluster)
	s.Start("OTTO_SUCCEEDED_TTL=1s")
	event := s.Add("type", "scale_up", "pod_count", 5)
	s.Server.Kill()
	s.Server.Restart()
	s.Eventually("Redis to be back", func() error { return s.Redis.Ping(t.Context()).Err() })
	s.WaitClosed(event)
	second := s.Add("type", "scale_up", "pod_count", 2)
	s.WaitClosed(second)
	if got := len(created(s.Requests())); got != 7 {
		t.Errorf("%d Pods were created, want 7", got)
	}
	s.Verify(harness.WithFault(checker.Fault{Redis: true}))
}

// TestAPIServerOutage: events wait while the API server is down, and run once it is back.
func TestAPIServerOutage(t *testing.T) {
	s := harness.NewStack(t, cluster)
	s.Start("OTTO_SUCCEEDED_TTL=1s")
	if err := cluster.Fault("kill", "kube-apiserver"); err != nil {
		t.Fatal(err)
	}
	event := s.Add("type", "scale_up", "pod_count", 5)
	s.Eventually("the event to be accepted", func() error {
		if st := s.Status(event); len(st) == 0 {
			return fmt.Errorf("no status yet")
		}
		return nil
	})
	if err := cluster.Fault("start", "kube-apiserver"); err != nil {
		t.Fatal(err)
	}
	s.WaitClosed(event)
	if got := len(created(s.Requests())); got != 5 {
		t.Errorf("%d Pods were created, want 5", got)
	}
	s.Verify(harness.WithFault(checker.Fault{APIServer: true}))
}

// TestForeignPod: a foreign Pod with a worker's name is not touched, and its slot waits until it is deleted.
func TestForeignPod(t *testing.T) {
	s := harness.NewStack(t, cluster)
	s.Start("OTTO_SUCCEEDED_TTL=1s")
	id := fmt.Sprintf("%d-0", time.Now().UnixMilli())
	name := "otto-agent-1-" + id
	manifest := filepath.Join(t.TempDir(), "foreign.yaml")
	text := "apiVersion: v1\nkind: Pod\n" + strings.Replace(fmt.Sprintf(failing, ""), "metadata:", "metadata:\n  name: "+name, 1)
	if err := os.WriteFile(manifest, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Kubectl("create", "-n", s.Namespace, "-f", manifest)
	if err := s.Redis.XAdd(t.Context(), &goredis.XAddArgs{Stream: harness.Stream, ID: id, Values: up()}).Err(); err != nil {
		t.Fatal(err)
	}
	s.Eventually("a second POST", func() error {
		if n := harness.Count(s.Requests())["create"][name]; n < 2 {
			return fmt.Errorf("%d POSTs of it", n)
		}
		return nil
	})
	if n := harness.Count(s.Requests())["delete"][name]; n != 0 {
		t.Errorf("the foreign Pod was deleted %d times", n)
	}
	s.Kubectl("delete", "pod", "-n", s.Namespace, name)
	s.WaitClosed(id)
	if got := outcome(s, id); got["state"] != "succeeded" {
		t.Errorf("the outcome: %v", got)
	}
	s.Verify(harness.WithFault(checker.Fault{Others: true}))
}
