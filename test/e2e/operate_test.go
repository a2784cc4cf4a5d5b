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

// noImage is a template whose image nobody has. The name ends in what is never a registry's.
const noImage = `
spec:
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: agent
    image: registry.invalid/otto/missing:1
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`

// TestExplained makes three faults by hand. What is wrong, and what to do, is said by explain, by check, by exactly one
// alert on what /metrics shows, and by that alert's runbook; nobody reads the log.
func TestExplained(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "no-image.yaml"), []byte(noImage), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &person{t: t, s: harness.NewStack(t, cluster), address: net.JoinHostPort("127.0.0.1", redistest.FreePort(t))}
	p.env = []string{
		"OTTO_HTTP_ADDR=" + p.address, "OTTO_WORKER_TEMPLATES=" + dir, "OTTO_SUCCEEDED_TTL=1s", "OTTO_FAILED_TTL=1s", "OTTO_IMAGE_PULL_TIMEOUT=10s",
	}
	p.s.Start(append(p.env, "OTTO_MAX_WORKERS=1")...) // whoever asks has another setting
	p.lets("check", 0, "✔ workers")
	p.imageUnknown()
	p.quotaReached()
	p.redisStopped()
	p.s.Verify(func(in *checker.Input) {
		in.Fault, in.Templates = checker.Fault{Redis: true, Denied: true}, []string{"no-image"}
	})
}

// person is somebody at a shell.
type person struct {
	t       *testing.T
	s       *harness.Stack
	address string
	env     []string
}

// lets a command speak, and insists on its exit code and on what it says.
func (p *person) lets(command string, code int, says ...string) string {
	p.t.Helper()
	cmd := p.s.Command(append(p.env, "KUBECONFIG="+p.s.Cluster.Kubeconfig)...)
	cmd.Args = append(cmd.Args, strings.Fields(command)...)
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("ottoscaler %s: exit code %d, want %d, %v\n%s", command, got, code, err, out)
	}
	for _, part := range says {
		if !regexp.MustCompile(part).Match(out) {
			p.t.Errorf("ottoscaler %s does not say %q:\n%s", command, part, out)
		}
	}
	return string(out)
}

// alarmed insists that one alert fires on what is scraped now, and none on what was scraped before; and on its page.
func (p *person) alarmed(before, alert string, says ...string) {
	p.t.Helper()
	harness.WantAlerts(p.t, before, harness.Scrape(p.t, p.address), alert)
	page, err := os.ReadFile(filepath.Join("../../docs/runbooks", alert+".md"))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, part := range says {
		if !strings.Contains(string(page), part) {
			p.t.Errorf("the runbook of %s does not say %q", alert, part)
		}
	}
}

// until waits for what /metrics shows.
func (p *person) until(shows string) {
	p.t.Helper()
	p.s.Eventually(shows, func() error {
		if !strings.Contains(harness.Scrape(p.t, p.address), shows) {
			return fmt.Errorf("/metrics does not show it")
		}
		return nil
	})
}

func (p *person) imageUnknown() {
	p.t.Helper()
	if cluster.Node != "containerd" {
		p.t.Log("a simulated node pulls no image")
		return
	}
	before := harness.Scrape(p.t, p.address)
	event := strings.TrimSpace(p.lets("scale up 1 --task image --template no-image", 0))
	p.s.Eventually("the node to want the image", func() error {
		if out := p.lets("explain image", 0); !strings.Contains(out, "registry.invalid") {
			return fmt.Errorf("%s", out)
		}
		return nil
	})
	p.lets("explain image", 0, "worker 1 scheduled to ", "does not run yet on node .*(ErrImagePull|ImagePullBackOff)", "code: OTTO50[45]", "mend: Correct `OTTO_AGENT_IMAGE`")
	p.lets("check", 3, "✖ workers +OTTO50[45] .*1 wait.*registry.invalid", "mend: Correct `OTTO_AGENT_IMAGE`")
	p.s.WaitClosed(event)
	p.lets("explain image", 0, "It is over: 0 succeeded, 1 failed", "Worker 1 failed: .*registry.invalid", "code: OTTO50[45]")
	p.lets("check", 3, "✖ workers +OTTO50[45] .*0 wait, 1 failed")
	p.lets("get workers "+event, 0, "failed +1 .*(ErrImagePull|ImagePullBackOff)")
	p.alarmed(before, "OttoscalerWorkersCannotStart", "ottoscaler check", "OTTO504")
}

func (p *person) quotaReached() {
	p.t.Helper()
	before := harness.Scrape(p.t, p.address)
	p.s.Kubectl("create", "quota", "full", "--hard=pods=0", "-n", p.s.Namespace)
	event := strings.TrimSpace(p.lets("scale up 1 --task quota", 0))
	p.until(`ottoscaler_template_parked{template="(built-in)"} 1`)
	p.lets("explain quota", 0, "1 workers wait for a Pod", "exceeded quota: full", "code: OTTO301", "mend: Raise the quota")
	p.lets("check", 3, "✖ template +OTTO610 .*exceeded quota: full", "mend: Raise the quota .`kubectl describe quota`")
	p.alarmed(before, "OttoscalerTemplateParked", "ottoscaler check", "OTTO301")
	p.s.Kubectl("delete", "quota", "full", "-n", p.s.Namespace)
	p.s.WaitClosed(event)
}

// noRoom: it is the leader's limit that counts.
func (p *person) noRoom() {
	p.t.Helper()
	event := strings.TrimSpace(p.lets("scale up 1 --task full", 0))
	p.s.Eventually("the event to be taken in", func() error {
		if len(p.s.Status(event)) == 0 {
			return fmt.Errorf("nothing is said of it")
		}
		return nil
	})
	p.lets("explain full", 0, `They wait for room: 1 workers live, and OTTO_MAX_WORKERS is 1 \(the leader's\)`)
	p.lets("scale down 1 --task full --watch", 0, "closed 0 succeeded, 0 failed, 1 cancelled, 0 lost")
}

func (p *person) redisStopped() {
	p.t.Helper()
	event := strings.TrimSpace(p.lets("scale up 1 --task redis", 0))
	p.until(`ottoscaler_workers{state="running"} 1`)
	p.noRoom()
	before := harness.Scrape(p.t, p.address)
	p.s.Server.Kill()
	p.until(`ottoscaler_healthy{check="redis"} 0`)
	p.lets("explain "+event, 1, "Redis cannot be asked: .*connection refused", "code: OTTO104", "mend: Try .*redis-cli", "Pod otto-agent-1-"+event+" runs on node ")
	p.lets("explain redis", 1, "OTTO104: Redis cannot be used: .*connection refused")
	p.lets("check", 3, "✖ redis +OTTO104 .*connection refused", "mend: Try .*redis-cli", "✔ kubernetes")
	p.alarmed(before, "OttoscalerUnhealthy", "ottoscaler check", "OTTO104")
	p.s.Server.Restart()
	p.s.WaitClosed(event)
	p.until(`ottoscaler_healthy{check="redis"} 1`)
}
