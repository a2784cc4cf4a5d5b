//go:build real

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

// restricted is what Pod Security asks of every container here.
const restricted = "imagePullPolicy: IfNotPresent, image: 'busybox:latest', securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}"

// life is what one Pod goes through on a real node, and how its worker ends.
type life struct {
	spec   string // besides the container `agent`
	agent  string // of that container, besides its image
	states string // of the worker, in their order
	last   string // a pattern of reason, exit code, container and message of its last state
}

// marker is an argument by which a program is found among the machine's processes.
const marker = "7654321"

var lives = map[string]life{
	"disk": {
		agent:  "command: [sh, -c, 'dd if=/dev/zero of=/tmp/x bs=1M count=40; sleep 300'], resources: {limits: {ephemeral-storage: 4Mi}}",
		states: "created running failed", last: `^Evicted||.*exceeds the total limit of containers 4Mi`,
	},
	"volume": {
		spec:   "volumes: [{name: v, configMap: {name: nobody-made-this}}]",
		agent:  "volumeMounts: [{name: v, mountPath: /v}]",
		states: "created failed", last: `^StartTimeout\|.*ContainerCreating: FailedMount: .*configmap "nobody-made-this" not found`,
	},
	"sidecar": {
		spec:   "initContainers: [{name: proxy, restartPolicy: Always, command: [/no/such/program], " + restricted + "}]",
		agent:  "command: [sh, -c, exit 0]",
		states: "created failed", last: `^(CrashLoopBackOff|RunContainerError|StartTimeout)\|\|proxy\|.*/no/such/program`,
	},
	"second": {
		agent:  "command: [sh, -c, 'sleep 2; exit 0']}, {name: dind, command: [sh, -c, 'exec sleep 300'], " + restricted,
		states: "created running succeeded", last: `^Completed\|0\|agent\|container "dind" still ran`,
	},
	"helper": {
		agent:  "command: [sh, -c, 'sleep 2; exit 7']}, {name: dind, command: [sh, -c, 'exec sleep 300'], " + restricted,
		states: "created running failed", last: `^Error\|7\|agent\|`,
	},
	"evicted": {
		spec:   "terminationGracePeriodSeconds: 0",
		agent:  `command: [sh, -c, 'test "$OTTO_ATTEMPT" = 2 || exec sleep 300']`,
		states: "created running retrying created running succeeded", last: `^Completed\|0\|agent\|`,
	},
	"runtime": {
		agent: "command: [sleep, '" + marker + "']", states: "created running lost", last: `^Unknown\|\|\|nobody saw how container "agent" ended: its exit code 255`,
	},
	"kubelet": {
		spec:   "nodeSelector: {otto-e2e: here}",
		agent:  "command: [sh, -c, 'exec sleep 300']",
		states: "created running lost", last: `^NodeAffinity\|\|\|Pod was rejected: `,
	},
	"steady": {
		agent:  "command: [sh, -c, 'until [ -e /tmp/end ]; do sleep 0.2; done']",
		states: "created running succeeded", last: `^Completed\|0\|agent\|`,
	},
}

// template is the file of a life.
func (l life) template() string {
	return fmt.Sprintf(`
metadata: {annotations: {kubectl.kubernetes.io/default-container: agent}}
spec:
  terminationGracePeriodSeconds: 1
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers: [{name: agent, %s, %s}]
  %s
`, restricted, l.agent, l.spec)
}

// TestPodLife: what a Pod can go through on a real node, all at once: its own limits, volumes and containers that do not come,
// others that never end, evictions, and a container runtime and a kubelet that are restarted under it.
func TestPodLife(t *testing.T) {
	if cluster.Node != "containerd" {
		t.Skip("needs real containers")
	}
	dir, events := t.TempDir(), make(map[string]string)
	for name, l := range lives {
		text := l.template()
		if strings.Contains(l.spec, "terminationGrace") {
			text = strings.Replace(text, "  terminationGracePeriodSeconds: 1\n", "", 1)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := podLife{t: t, s: harness.NewStack(t, cluster), events: events}
	p.labelNode("otto-e2e=here")
	t.Cleanup(func() { p.labelNode("otto-e2e-") })
	p.s.Start("OTTO_WORKER_TEMPLATES="+dir, "OTTO_START_TIMEOUT=40s", "OTTO_SUCCEEDED_TTL=1s", "OTTO_FAILED_TTL=1s")
	for name := range lives {
		events[name] = p.s.Add("type", "scale_up", "pod_count", 1, "task_id", name, "template", name)
	}
	p.runs("evicted", "runtime", "kubelet", "steady")
	p.evict()
	p.ended("disk", "volume", "sidecar", "second", "helper", "evicted") // before the node itself fails
	p.restartRuntime()
	p.restartKubelet()
	p.s.Kubectl("exec", p.pod("steady"), "-n", p.s.Namespace, "--", "touch", "/tmp/end")
	p.ended("steady")
	for name := range lives {
		p.check(name)
	}
	p.s.WaitClosed()
	p.s.Verify(func(in *checker.Input) {
		in.Fault = checker.Fault{Others: true}
		for name := range lives {
			in.Templates = append(in.Templates, name)
		}
	})
}

// podLife is a run of all lives.
type podLife struct {
	t      *testing.T
	s      *harness.Stack
	events map[string]string
}

func (p *podLife) pod(name string) string { return "otto-agent-1-" + p.events[name] }

func (p *podLife) labelNode(label string) {
	p.s.Kubectl("label", "nodes", "--all", label)
}

// worker are the status entries of a life's worker.
func (p *podLife) worker(name string) []map[string]string {
	var all []map[string]string
	for _, e := range p.s.Status(p.events[name]) {
		if e["kind"] == "worker" {
			all = append(all, e)
		}
	}
	return all
}

// wait waits until the last state of each of the workers fits.
func (p *podLife) wait(names []string, pattern string) {
	p.t.Helper()
	for _, name := range names {
		p.s.Eventually(name+" to be "+pattern, func() error {
			all := p.worker(name)
			if len(all) == 0 || !regexp.MustCompile(pattern).MatchString(all[len(all)-1]["state"]) {
				return fmt.Errorf("it is %v", all)
			}
			return nil
		})
	}
}

func (p *podLife) runs(names ...string) { p.t.Helper(); p.wait(names, "running") }

func (p *podLife) ended(names ...string) {
	p.t.Helper()
	p.wait(names, "succeeded|failed|lost|cancelled")
}

// evict evicts a Pod through the API, as `kubectl drain` does. Its grace period is 0, so it is gone at once.
func (p *podLife) evict() {
	p.t.Helper()
	file := filepath.Join(p.t.TempDir(), "eviction.json")
	body := fmt.Sprintf(`{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": %q, "namespace": %q}}`, p.pod("evicted"), p.s.Namespace)
	if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.s.Kubectl("create", "--raw", "/api/v1/namespaces/"+p.s.Namespace+"/pods/"+p.pod("evicted")+"/eviction", "-f", file)
}

// restartRuntime is a machine that dies under a container, and a container runtime that comes back.
func (p *podLife) restartRuntime() {
	p.t.Helper()
	program, shim := findProgram(p.t, marker)
	p.fault("kill", "containerd")
	for _, pid := range []int{shim, program} {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			p.t.Fatal(err)
		}
	}
	p.fault("start", "containerd")
	p.ended("runtime")
}

// restartKubelet lets a kubelet find, when it comes back, that one of its Pods does not belong on the node any more.
func (p *podLife) restartKubelet() {
	p.t.Helper()
	p.labelNode("otto-e2e-")
	p.fault("kill", "kubelet")
	p.fault("start", "kubelet")
	p.ended("kubelet")
}

func (p *podLife) fault(command, component string) {
	p.t.Helper()
	if err := cluster.Fault(command, component); err != nil {
		p.t.Fatal(err)
	}
}

// findProgram finds the process with that argument, and its parent.
func findProgram(t *testing.T, argument string) (pid, parent int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err != nil || !strings.HasPrefix(string(line), "sleep\x00"+argument+"\x00") {
			continue
		}
		status, err := os.ReadFile(filepath.Join(filepath.Dir(file), "status"))
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(`(?m)^PPid:\s+(\d+)$`).FindStringSubmatch(string(status))
		pid, _ = strconv.Atoi(filepath.Base(filepath.Dir(file)))
		parent, _ = strconv.Atoi(m[1])
		return pid, parent
	}
	t.Fatalf("no process has the argument %s", argument)
	return 0, 0
}

// check compares what the status stream says of a worker.
func (p *podLife) check(name string) {
	p.t.Helper()
	var states []string
	all := p.worker(name)
	for _, e := range all {
		states = append(states, e["state"])
	}
	if got, want := strings.Join(states, " "), lives[name].states; got != want {
		p.t.Errorf("%s: the states are %q, want %q: %v", name, got, want, all)
		return
	}
	last := all[len(all)-1]
	got := strings.Join([]string{last["reason"], last["exit_code"], last["container"], last["message"]}, "|")
	if !regexp.MustCompile(lives[name].last).MatchString(got) {
		p.t.Errorf("%s: the last state says %q, want %q", name, got, lives[name].last)
	}
}
