//go:build real

package integration

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

// canary is a password that must never be seen anywhere.
const canary = "sesame-4711"

// TestOperate: what people and machines are shown of a run, and that none of it has the secret.
func TestOperate(t *testing.T) {
	s := harness.NewStack(t, cluster)
	if err := s.Redis.Do(t.Context(), "ACL", "SETUSER", "otto", "on", ">"+canary, "~*", "&*", "+@all").Err(); err != nil {
		t.Fatal(err)
	}
	addr := net.JoinHostPort("127.0.0.1", redistest.FreePort(t))
	env := []string{"REDIS_USERNAME=otto", "REDIS_PASSWORD=" + canary, "OTTO_HTTP_ADDR=" + addr, "OTTO_SUCCEEDED_TTL=1s", "OTTO_LOG_LEVEL=debug"}
	var shown strings.Builder
	get := func(path string) string {
		t.Helper()
		response, err := http.Get("http://" + addr + path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(body)
		return fmt.Sprintf("%d %s", response.StatusCode, body)
	}
	// People ask as the admin: a dry run of theirs is not a request of the product's.
	ottoscaler := func(code int, args ...string) string {
		t.Helper()
		cmd := s.Command(append(env, "KUBECONFIG="+s.Cluster.Kubeconfig)...)
		cmd.Args = append(cmd.Args, args...)
		out, err := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != code {
			t.Errorf("ottoscaler %v: exit code %d, want %d, %v\n%s", args, got, code, err, out)
		}
		shown.Write(out)
		return string(out)
	}
	contains := func(what, text string, parts ...string) {
		t.Helper()
		for _, part := range parts {
			if !strings.Contains(text, part) {
				t.Errorf("%s does not say %q:\n%s", what, part, text)
			}
		}
	}

	ottoscaler(0, "check", "--pre")
	s.Start(env...)
	s.Eventually("it to be ready", func() error {
		if body := get("/readyz?verbose"); !strings.HasPrefix(body, "200 ") || !strings.Contains(body, "[+]watch ok") {
			return fmt.Errorf("%s", body)
		}
		return nil
	})
	contains("/livez", get("/livez"), "200 ok")
	out := ottoscaler(0, "scale", "up", "2", "--task", "task-123", "--watch")
	contains("scale --watch", out, "accepted", "worker 2 succeeded", "closed 2 succeeded, 0 failed, 0 cancelled, 0 lost")
	event, _, _ := strings.Cut(out, "\n")
	contains("explain", ottoscaler(0, "explain", "task-123"), event, "worker 1 running on", "It is over: 2 succeeded")
	contains("get events", ottoscaler(0, "get", "events", "--all", "-o", "yaml"), "task_id: task-123", "state: closed")
	rejected := s.Add("type", "scale_up", "pod_count", "many", "task_id", "bad")
	s.Eventually("the dead letter", func() error {
		if len(s.Dead()) == 0 {
			return fmt.Errorf("there is none")
		}
		return nil
	})
	contains("explain", ottoscaler(0, "explain", rejected), "It was rejected (invalid_pod_count)", "OTTO401")
	again := strings.TrimSpace(ottoscaler(0, "dead", "redrive", s.Dead()[0]["entry"], "--set", "pod_count=1"))
	s.WaitClosed(event, again)
	contains("config", ottoscaler(0, "config"), "REDIS_PASSWORD", "(hidden)")
	contains("check", ottoscaler(0, "check"), "✔ owner", "ours", "✔ template")

	metrics := get("/metrics")
	contains("/metrics", metrics,
		`ottoscaler_events_total{outcome="accepted",type="scale_up"} 2`, `ottoscaler_events_total{outcome="rejected",type="scale_up"} 1`,
		`ottoscaler_workers_finished_total{reason="Completed",result="succeeded"} 3`, `ottoscaler_workers{state="running"} 0`,
		"ottoscaler_leader 1", `ottoscaler_healthy{check="redis"} 1`, "ottoscaler_run_duration_seconds_count 3")
	for _, name := range []string{event, "task-123", "otto-agent-"} {
		if strings.Contains(metrics, name) {
			t.Errorf("the metrics name %q", name)
		}
	}
	explainQuota(t, s, ottoscaler, contains)
	shown.WriteString(s.Log() + fmt.Sprint(s.Status(event), s.Dead()) + s.Kubectl("get", "pods,events", "-n", s.Namespace, "-o", "yaml"))
	if strings.Contains(shown.String(), canary) {
		t.Error("the password was shown somewhere")
	}
	s.Verify(harness.WithFault(checker.Fault{Denied: true}))
}

// explainQuota: a quota that is reached is told by explain, check and a metric.
func explainQuota(t *testing.T, s *harness.Stack, ottoscaler func(int, ...string) string, contains func(string, string, ...string)) {
	t.Helper()
	s.Kubectl("create", "quota", "full", "--hard=pods=0", "-n", s.Namespace)
	event := strings.TrimSpace(ottoscaler(0, "scale", "up", "1", "--task", "too-much"))
	s.Eventually("the refusal", func() error {
		if !strings.Contains(s.Log(), "OTTO301") {
			return fmt.Errorf("no line has its code")
		}
		return nil
	})
	contains("explain", ottoscaler(0, "explain", "too-much"), "exceeded quota", "OTTO301")
	contains("check", ottoscaler(3, "check"), "✖ template", "OTTO610", "exceeded quota")
	s.Kubectl("delete", "quota", "full", "-n", s.Namespace)
	s.WaitClosed(event)
}

// TestStopped: without Redis every command says so with its code, and does not hang.
func TestStopped(t *testing.T) {
	for _, args := range []string{"explain x", "get events", "dead list", "scale up 1", "check"} {
		cmd := exec.Command(harness.Product(t), strings.Fields(args)...)
		cmd.Env = []string{"REDIS_HOST=127.0.0.1", "REDIS_PORT=1", "KUBECONFIG=" + cluster.Kubeconfig, "HOME=" + t.TempDir()}
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != 1 && code != 3 || !strings.Contains(string(out), "OTTO104") {
			t.Errorf("%s: exit code %d\n%s", args, code, out)
		}
	}
}
