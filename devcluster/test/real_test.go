//go:build real

// These tests run the built binary: the path in DEVCLUSTER, or one that they build.
package test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	binary = os.Getenv("DEVCLUSTER")
	if binary == "" {
		binary = build()
		defer os.RemoveAll(filepath.Dir(binary))
	}
	return m.Run()
}

func build() string {
	dir, err := os.MkdirTemp("", "devcluster-test")
	must(err)
	flags, err := exec.Command("../ldflags").Output()
	must(err)
	cmd := exec.Command("go", "build", "-ldflags", strings.TrimSpace(string(flags)), "-o", filepath.Join(dir, "devcluster"), "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	must(cmd.Run())
	return filepath.Join(dir, "devcluster")
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// running is one `devcluster up`.
type running struct {
	t    *testing.T
	dir  string
	cmd  *exec.Cmd
	out  *bytes.Buffer
	done chan error
}

func newDir(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "c")
	t.Cleanup(func() {
		if out, err := exec.Command(binary, "clean", "--dir", dir).CombinedOutput(); err != nil {
			t.Errorf("clean: %v\n%s", err, out)
		}
	})
	return dir
}

func up(t *testing.T, dir string, flags ...string) *running {
	t.Helper()
	r := &running{t: t, dir: dir, out: &bytes.Buffer{}, done: make(chan error, 1)}
	r.cmd = exec.Command(binary, append([]string{"up", "--dir", dir, "--node", "kwok"}, flags...)...)
	r.cmd.Stdout, r.cmd.Stderr = r.out, r.out
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.done <- r.cmd.Wait() }()
	t.Cleanup(func() { _ = r.signal(syscall.SIGTERM) })
	if out, err := exec.Command(binary, "wait", "--dir", dir, "--timeout", "90s").CombinedOutput(); err != nil {
		_ = r.signal(syscall.SIGTERM)
		t.Fatalf("%s\n%s", out, r.out)
	}
	return r
}

// signal ends `up` and returns how it ended; a second call returns nil.
func (r *running) signal(sig os.Signal) error {
	_ = r.cmd.Process.Signal(sig)
	select {
	case err, ok := <-r.done:
		if ok {
			close(r.done)
		}
		return err
	case <-time.After(time.Minute):
		r.t.Errorf("devcluster up did not end after %v", sig)
		return nil
	}
}

func (r *running) try(args ...string) (string, error) {
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "DEVCLUSTER_DIR="+r.dir)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (r *running) do(args ...string) string {
	r.t.Helper()
	out, err := r.try(args...)
	if err != nil {
		r.t.Fatalf("devcluster %v: %v\n%s", args, err, out)
	}
	return out
}

// pod creates a Pod that is never restarted, with these annotations.
func (r *running) pod(name string, annotations ...string) {
	r.t.Helper()
	args := []string{"kubectl", "run", name, "--image=any", "--restart=Never"}
	for _, a := range annotations {
		args = append(args, "--annotations="+a)
	}
	r.do(args...)
}

// becomes waits until a field of the Pod has this value.
func (r *running) becomes(pod, path, want string) {
	r.t.Helper()
	r.do("kubectl", "wait", "pod/"+pod, "--for=jsonpath={"+path+"}="+want, "--timeout=30s")
}

// TestOneCluster is for what needs no cluster of its own: each start takes seconds.
func TestOneCluster(t *testing.T) {
	r := up(t, newDir(t))
	for _, tt := range []struct {
		name string
		test func(*testing.T, *running)
	}{
		{"pods live and die", podsLiveAndDie},
		{"the audit log counts", auditLogCounts},
		{"tokens", tokens},
		{"a second up refuses", secondUpRefuses},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, r.with(t)) })
	}
}

// with is the same cluster for a subtest.
func (r *running) with(t *testing.T) *running {
	copied := *r
	copied.t = t
	return &copied
}

func podsLiveAndDie(t *testing.T, r *running) {
	const terminated, waiting = ".status.containerStatuses[0].state.terminated", ".status.containerStatuses[0].state.waiting"
	tests := []struct {
		name        string
		annotations []string
		path, want  string
		phase       string
	}{
		{"plain", nil, terminated + ".exitCode", "0", "Succeeded"},
		{"seven", []string{"devcluster.io/exit-code=7", "devcluster.io/duration=200ms"}, terminated + ".exitCode", "7", "Failed"},
		{"oom", []string{"devcluster.io/fault=oom", "devcluster.io/duration=0s"}, terminated + ".reason", "OOMKilled", "Failed"},
		{"evicted", []string{"devcluster.io/fault=evict", "devcluster.io/duration=0s"}, ".status.reason", "Evicted", "Failed"},
		{"no-image", []string{"devcluster.io/fault=image-pull"}, waiting + ".reason", "ImagePullBackOff", "Pending"},
		{"hanging", []string{"devcluster.io/fault=hang"}, waiting + ".reason", "ContainerCreating", "Pending"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := r.with(t)
			r.pod(tt.name, tt.annotations...)
			r.becomes(tt.name, tt.path, tt.want)
			r.becomes(tt.name, ".status.phase", tt.phase)
			r.do("kubectl", "delete", "pod", tt.name, "--timeout=20s")
		})
	}
}

func auditLogCounts(t *testing.T, r *running) {
	before := auditCounts(t, r.dir)
	r.pod("counted", "devcluster.io/duration=0s")
	r.becomes("counted", ".status.phase", "Succeeded")
	r.do("kubectl", "delete", "pod", "counted")
	after := auditCounts(t, r.dir)
	for _, verb := range []string{"create", "delete"} {
		if n := after[verb] - before[verb]; n != 1 {
			t.Errorf("%d requests to %s Pods by the admin, not 1", n, verb)
		}
	}
}

// auditCounts counts the admin's finished requests for Pods themselves, by verb.
func auditCounts(t *testing.T, dir string) map[string]int {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "audit.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	counts := map[string]int{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct {
			Verb, Stage string
			User        struct{ Username string }
			ObjectRef   struct{ Resource, Subresource string }
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		if e.Stage == "ResponseComplete" && e.User.Username == "devcluster-admin" && e.ObjectRef.Resource == "pods" && e.ObjectRef.Subresource == "" {
			counts[e.Verb]++
		}
	}
	return counts
}

func TestFaults(t *testing.T) {
	r := up(t, newDir(t))
	r.do("kill", "kube-scheduler")
	r.pod("unscheduled")
	if out, err := r.try("kubectl", "wait", "pod/unscheduled", "--for=condition=PodScheduled", "--timeout=1s"); err == nil {
		t.Errorf("it was scheduled without a scheduler: %s", out)
	}
	r.do("start", "kube-scheduler")
	r.do("kubectl", "wait", "pod/unscheduled", "--for=condition=PodScheduled", "--timeout=30s")

	r.do("freeze", "kube-apiserver")
	if out, err := r.try("kubectl", "get", "pods", "--request-timeout=1s"); err == nil {
		t.Errorf("a frozen API server answered: %s", out)
	}
	r.do("thaw", "kube-apiserver")
	r.do("kubectl", "get", "pods")
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kwok"} {
		r.do("kill", name)
		r.do("start", name)
	}
	r.do("kubectl", "get", "pods")
	if out, err := r.try("kill", "nobody"); err == nil || !strings.Contains(out, "no such component") {
		t.Errorf("killing nobody: %v, %s", err, out)
	}
}

func TestNodeLoss(t *testing.T) {
	r := up(t, newDir(t), "--nodes", "2", "--node-grace", "4s", "--evict-after", "1s")
	r.pod("lost", "devcluster.io/duration=1h")
	r.becomes("lost", ".status.phase", "Running")
	node := r.do("kubectl", "get", "pod", "lost", "-o=jsonpath={.spec.nodeName}")
	r.do("kubectl", "label", "node", node, "devcluster.io/node-")
	r.do("kubectl", "wait", "node/"+node, "--for=condition=Ready=Unknown", "--timeout=40s")
	r.do("kubectl", "wait", "pod/lost", "--for=jsonpath={.metadata.deletionTimestamp}", "--timeout=40s")
	r.do("kubectl", "label", "node", node, "devcluster.io/node=simulated")
	r.do("kubectl", "wait", "node/"+node, "--for=condition=Ready", "--timeout=40s")
}

func tokens(t *testing.T, r *running) {
	config := filepath.Join(t.TempDir(), "sa")
	if err := os.WriteFile(config, []byte(r.do("kubeconfig", "--serviceaccount", "default/default")), 0o600); err != nil {
		t.Fatal(err)
	}
	if who := r.do("kubectl", "--kubeconfig", config, "auth", "whoami"); !strings.Contains(who, "system:serviceaccount:default:default") {
		t.Errorf("the token is of %s", who)
	}
	if out, err := r.try("kubectl", "--kubeconfig", config, "get", "pods"); err == nil || !strings.Contains(out, "Forbidden") {
		t.Errorf("without a role it got %v, %s", err, out)
	}
	if v := r.do("kubectl", "version"); strings.Count(v, "v1.37.") != 2 {
		t.Errorf("versions: %s", v)
	}
}

func TestTwoClustersSideBySide(t *testing.T) {
	a, b := up(t, newDir(t)), up(t, newDir(t))
	a.pod("only-here", "devcluster.io/duration=0s")
	a.becomes("only-here", ".status.phase", "Succeeded")
	if out := b.do("kubectl", "get", "pods"); strings.Contains(out, "only-here") {
		t.Errorf("b shows a's Pods: %s", out)
	}
	if err := a.signal(syscall.SIGTERM); err != nil {
		t.Errorf("a ended with %v", err)
	}
	b.do("kubectl", "get", "pods")
}

func secondUpRefuses(t *testing.T, r *running) {
	out, err := r.try("up", "--node", "kwok")
	if err == nil || !strings.Contains(out, "process "+strconv.Itoa(r.cmd.Process.Pid)) {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := r.try("clean"); err == nil {
		t.Errorf("a running cluster was cleaned: %s", out)
	}
	r.do("kubectl", "get", "nodes")
}

func TestSIGTERMLeavesNothing(t *testing.T) {
	r := up(t, newDir(t))
	pids := r.pids()
	if err := r.signal(syscall.SIGTERM); err != nil {
		t.Errorf("it ended with %v\n%s", err, r.out)
	}
	for name, pid := range pids {
		if alive(pid) {
			t.Errorf("%s (%d) still runs", name, pid)
		}
	}
	if out, err := r.try("status"); err == nil {
		t.Errorf("it still has a status: %s", out)
	}
}

func TestSIGKILLIsSurvived(t *testing.T) {
	dir := newDir(t)
	r := up(t, dir)
	pids := r.pids()
	_ = r.signal(syscall.SIGKILL)
	for name, pid := range pids {
		eventually(t, fmt.Sprintf("%s (%d) is gone", name, pid), func() bool { return !alive(pid) })
	}
	if out, err := r.try("status"); err == nil {
		t.Errorf("the killed cluster has a status: %s", out)
	}
	up(t, dir).do("kubectl", "get", "nodes")
}

func TestUnaskedExitEndsUp(t *testing.T) {
	r := up(t, newDir(t))
	if err := syscall.Kill(r.pids()["kube-scheduler"], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-r.done; err == nil {
		t.Error("up ended as if nothing had happened")
	}
	close(r.done)
	if !strings.Contains(r.out.String(), "kube-scheduler ended although nobody asked it to") {
		t.Errorf("it said: %s", r.out)
	}
}

func (r *running) pids() map[string]int {
	r.t.Helper()
	var ready struct{ Components map[string]int }
	data, err := os.ReadFile(filepath.Join(r.dir, "ready.json"))
	if err == nil {
		err = json.Unmarshal(data, &ready)
	}
	if err != nil || len(ready.Components) != 5 {
		r.t.Fatalf("ready.json: %v, %s", err, data)
	}
	return ready.Components
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("not true in time: %s", what)
			return
		}
	}
}
