//go:build real

package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

// noImage is a template with an image that does not exist; `.invalid` is never a registry.
const noImage = `
spec:
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: agent
    image: registry.invalid/otto/missing:1
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`

// TestExplained creates three faults. explain, check, exactly one alert on /metrics and its runbook each name the problem and the
// fix, without the log.
func TestExplained(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "no-image.yaml"), []byte(noImage), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &operator{t: t, s: harness.NewStack(t, cluster), address: net.JoinHostPort("127.0.0.1", redistest.FreePort(t))}
	p.env = []string{
		"OTTO_HTTP_ADDR=" + p.address, "OTTO_WORKER_TEMPLATES=" + dir, "OTTO_SUCCEEDED_TTL=1s", "OTTO_FAILED_TTL=1s", "OTTO_IMAGE_PULL_TIMEOUT=10s",
	}
	p.s.Start(append(p.env, "OTTO_MAX_WORKERS=1")...) // the commands have another setting
	p.run("check", 0, "✔ workers")
	p.imageUnknown()
	p.quotaReached()
	p.redisStopped()
	p.s.Verify(func(in *checker.Input) {
		in.Fault, in.Templates = checker.Fault{Redis: true, Denied: true}, []string{"no-image"}
	})
}

// operator runs commands and reads metrics.
type operator struct {
	t       *testing.T
	s       *harness.Stack
	address string
	env     []string
}

// run runs a command and checks its exit code and output.
func (p *operator) run(command string, code int, says ...string) string {
	p.t.Helper()
	cmd := p.s.Command(append(p.env, "KUBECONFIG="+p.s.Cluster.Kubeconfig)...)
	cmd.Args = append(cmd.Args, strings.Fields(command)...)
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("ottoscaler %s: exit code %d, want %d, %v\n%s", command, got, code, err, out)
	}
	for _, part := range says {
		if !regexp.MustCompile(part).Match(out) {
			p.t.Errorf("ottoscaler %s does not contain %q:\n%s", command, part, out)
		}
	}
	return string(out)
}

// wantAlert checks that one alert fires on the current scrape and none on the one before, and checks its runbook.
func (p *operator) wantAlert(before, alert string, says ...string) {
	p.t.Helper()
	harness.WantAlerts(p.t, before, harness.Scrape(p.t, p.address), alert)
	page, err := os.ReadFile(filepath.Join("../../docs/runbooks", alert+".md"))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, part := range says {
		if !strings.Contains(string(page), part) {
			p.t.Errorf("the runbook of %s does not contain %q", alert, part)
		}
	}
}

// waitForMetric waits until /metrics contains a line.
func (p *operator) waitForMetric(shows string) {
	p.t.Helper()
	p.s.Eventually(shows, func() error {
		if !strings.Contains(harness.Scrape(p.t, p.address), shows) {
			return fmt.Errorf("not in /metrics")
		}
		return nil
	})
}

func (p *operator) imageUnknown() {
	p.t.Helper()
	if cluster.Node != "containerd" {
		p.t.Log("a simulated node pulls no image")
		return
	}
	before := harness.Scrape(p.t, p.address)
	event := strings.TrimSpace(p.run("scale up 1 --task image --template no-image", 0))
	p.s.Eventually("the node to pull the image", func() error {
		if out := p.run("explain image", 0); !strings.Contains(out, "registry.invalid") {
			return fmt.Errorf("%s", out)
		}
		return nil
	})
	p.run("explain image", 0, "worker 1 scheduled to ", "does not run yet on node .*(ErrImagePull|ImagePullBackOff)", "code: OTTO50[45]", "fix: Correct `OTTO_AGENT_IMAGE`")
	p.run("check", 3, "✖ workers +OTTO50[45] .*1 waiting.*registry.invalid", "fix: Correct `OTTO_AGENT_IMAGE`")
	p.s.WaitClosed(event)
	p.run("explain image", 0, "Closed: 0 succeeded, 1 failed", "Worker 1 failed: .*registry.invalid", "code: OTTO50[45]")
	p.run("check", 3, "✖ workers +OTTO50[45] .*0 waiting, 1 failed")
	p.run("get workers "+event, 0, "failed +1 .*(ErrImagePull|ImagePullBackOff)")
	p.wantAlert(before, "OttoscalerWorkersCannotStart", "ottoscaler check", "OTTO504")
}

func (p *operator) quotaReached() {
	p.t.Helper()
	before := harness.Scrape(p.t, p.address)
	p.s.Kubectl("create", "quota", "full", "--hard=pods=0", "-n", p.s.Namespace)
	event := strings.TrimSpace(p.run("scale up 1 --task quota", 0))
	p.waitForMetric(`ottoscaler_template_parked{template="(built-in)"} 1`)
	p.run("explain quota", 0, "1 workers wait for a Pod", "exceeded quota: full", "code: OTTO301", "fix: Raise the quota")
	p.run("check", 3, "✖ template +OTTO610 .*exceeded quota: full", "fix: Raise the quota .`kubectl describe quota`")
	p.wantAlert(before, "OttoscalerTemplateParked", "ottoscaler check", "OTTO301")
	p.s.Kubectl("delete", "quota", "full", "-n", p.s.Namespace)
	p.s.WaitClosed(event)
}

// noCapacity: the limit of the leader applies.
func (p *operator) noCapacity() {
	p.t.Helper()
	event := strings.TrimSpace(p.run("scale up 1 --task full", 0))
	p.s.Eventually("the event to be accepted", func() error {
		if len(p.s.Status(event)) == 0 {
			return fmt.Errorf("no status yet")
		}
		return nil
	})
	p.run("explain full", 0, `Waiting for capacity: 1 workers running or pending, OTTO_MAX_WORKERS is 1 \(the leader's\)`)
	p.run("scale down 1 --task full --watch", 0, "closed 0 succeeded, 0 failed, 1 cancelled, 0 lost")
}

func (p *operator) redisStopped() {
	p.t.Helper()
	event := strings.TrimSpace(p.run("scale up 1 --task redis", 0))
	p.waitForMetric(`ottoscaler_workers{state="running"} 1`)
	p.noCapacity()
	before := harness.Scrape(p.t, p.address)
	p.s.Server.Kill()
	p.waitForMetric(`ottoscaler_healthy{check="redis"} 0`)
	p.run("explain "+event, 1, "Redis unavailable: .*connection refused", "code: OTTO104", "fix: .*redis-cli", "Pod otto-agent-1-"+event+" runs on node ")
	p.run("explain redis", 1, "OTTO104: cannot use Redis: .*connection refused")
	p.run("check", 3, "✖ redis +OTTO104 .*connection refused", "fix: .*redis-cli", "✔ kubernetes")
	p.wantAlert(before, "OttoscalerUnhealthy", "ottoscaler check", "OTTO104")
	p.s.Server.Restart()
	p.s.WaitClosed(event)
	p.waitForMetric(`ottoscaler_healthy{check="redis"} 1`)
}
