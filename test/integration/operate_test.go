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

// canary is a password that no output may contain.
const canary = "sesame-4711"

// session runs commands and HTTP requests of an operator, and keeps everything output.
type session struct {
	t      *testing.T
	s      *harness.Stack
	addr   string
	env    []string
	output strings.Builder
}

func (o *session) get(path string) string {
	o.t.Helper()
	response, err := http.Get("http://" + o.addr + path)
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	o.output.Write(body)
	return fmt.Sprintf("%d %s", response.StatusCode, body)
}

// ottoscaler runs a command as admin: a dry run of an operator is not a request of the product.
func (o *session) ottoscaler(code int, args ...string) string {
	o.t.Helper()
	cmd := o.s.Command(append(o.env, "KUBECONFIG="+o.s.Cluster.Kubeconfig)...)
	cmd.Args = append(cmd.Args, args...)
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code {
		o.t.Errorf("ottoscaler %v: exit code %d, want %d, %v\n%s", args, got, code, err, out)
	}
	o.output.Write(out)
	return string(out)
}

func (o *session) wantText(what, text string, parts ...string) {
	o.t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			o.t.Errorf("%s does not contain %q:\n%s", what, part, text)
		}
	}
}

// TestOperate: what operators and Prometheus are output of a run, and that no output contains the password.
func TestOperate(t *testing.T) {
	s := harness.NewStack(t, cluster)
	user(t, s)
	o := &session{t: t, s: s, addr: net.JoinHostPort("127.0.0.1", redistest.FreePort(t))}
	o.env = []string{
		"REDIS_USERNAME=otto", "REDIS_PASSWORD=" + canary, "OTTO_HTTP_ADDR=" + o.addr, "OTTO_SUCCEEDED_TTL=1s", "OTTO_LOG_LEVEL=debug",
	}
	o.ottoscaler(0, "check", "--pre")
	s.Start(o.env...)
	s.Eventually("the product to be ready", func() error {
		if body := o.get("/readyz?verbose"); !strings.HasPrefix(body, "200 ") || !strings.Contains(body, "[+]watch ok") {
			return fmt.Errorf("%s", body)
		}
		return nil
	})
	o.wantText("/livez", o.get("/livez"), "200 ok")
	event := o.commands()
	o.metrics(event)
	o.quota()
	o.output.WriteString(s.Log() + fmt.Sprint(s.Status(event), s.Dead()) + s.Kubectl("get", "pods,events", "-n", s.Namespace, "-o", "yaml"))
	if strings.Contains(o.output.String(), canary) {
		t.Error("an output contains the password")
	}
	s.Verify(harness.WithFault(checker.Fault{Denied: true}))
}

// commands runs one event, one invalid entry and its redrive, and returns the event.
func (o *session) commands() (event string) {
	o.t.Helper()
	out := o.ottoscaler(0, "scale", "up", "2", "--task", "task-123", "--watch")
	o.wantText("scale --watch", out, "accepted", "worker 2 succeeded", "closed 2 succeeded, 0 failed, 0 cancelled, 0 lost")
	event, _, _ = strings.Cut(out, "\n")
	o.wantText("explain", o.ottoscaler(0, "explain", "task-123"), event, "worker 1 running on", "Closed: 2 succeeded")
	o.wantText("get events", o.ottoscaler(0, "get", "events", "--all", "-o", "yaml"), "task_id: task-123", "state: closed")
	rejected := o.s.Add("type", "scale_up", "pod_count", "many", "task_id", "bad")
	o.s.Eventually("the dead letter", func() error {
		if len(o.s.Dead()) == 0 {
			return fmt.Errorf("no dead letter")
		}
		return nil
	})
	o.wantText("explain", o.ottoscaler(0, "explain", rejected), "Rejected (invalid_pod_count)", "OTTO401")
	again := strings.TrimSpace(o.ottoscaler(0, "dead", "redrive", o.s.Dead()[0]["entry"], "--set", "pod_count=1"))
	o.s.WaitClosed(event, again)
	o.wantText("config", o.ottoscaler(0, "config"), "REDIS_PASSWORD", "(hidden)")
	o.wantText("check", o.ottoscaler(0, "check"), "✔ owner", "ours", "✔ template")
	return event
}

// metrics: they count what happened, and have no label of unbounded size.
func (o *session) metrics(event string) {
	o.t.Helper()
	metrics := o.get("/metrics")
	o.wantText("/metrics", metrics,
		`ottoscaler_events_total{outcome="accepted",type="scale_up"} 2`, `ottoscaler_events_total{outcome="rejected",type="scale_up"} 1`,
		`ottoscaler_workers_finished_total{reason="Completed",result="succeeded"} 3`, `ottoscaler_workers{state="running"} 0`,
		"ottoscaler_leader 1", `ottoscaler_healthy{check="redis"} 1`, "ottoscaler_run_duration_seconds_count 3")
	for _, name := range []string{event, "task-123", "otto-agent-"} {
		if strings.Contains(metrics, name) {
			o.t.Errorf("the metrics contain %q", name)
		}
	}
}

// quota: explain and check show a quota that is used up.
func (o *session) quota() {
	o.t.Helper()
	o.s.Kubectl("create", "quota", "full", "--hard=pods=0", "-n", o.s.Namespace)
	event := strings.TrimSpace(o.ottoscaler(0, "scale", "up", "1", "--task", "too-much"))
	o.s.Eventually("the refusal", func() error {
		if !strings.Contains(o.s.Log(), "OTTO301") {
			return fmt.Errorf("no log line has its code")
		}
		return nil
	})
	o.wantText("explain", o.ottoscaler(0, "explain", "too-much"), "exceeded quota", "OTTO301")
	o.wantText("check", o.ottoscaler(3, "check"), "✖ template", "OTTO610", "exceeded quota")
	o.s.Kubectl("delete", "quota", "full", "-n", o.s.Namespace)
	o.s.WaitClosed(event)
}

// TestStopped: without Redis every command fails with its code and does not hang.
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
