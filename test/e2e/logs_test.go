//go:build real

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

const (
	chattyLines = 400
	fastLines   = 300_000 // 30 MB: three rotations
)

// printing is a template whose agent prints numbered lines.
func printing(script string) string {
	return fmt.Sprintf(`
spec:
  terminationGracePeriodSeconds: 1
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  initContainers: [{name: prepare, command: [sh, -c, 'echo prepared'], %[1]s}]
  containers:
  - {name: agent, command: [sh, -c, %[2]q], %[1]s}
`, restricted, script)
}

// logLine is a line of -o ndjson.
type logLine struct {
	Worker, Container, Line, Marker string
	Attempt                         int
	Continued                       bool
}

// TestLogsFollowed: lines of three workers arrive while they run, each once and in order, though the API server and the kubelet
// are killed meanwhile; so do those of a container that prints through rotations of its file.
func TestLogsFollowed(t *testing.T) {
	if cluster.Node != "containerd" {
		t.Skip("a simulated node has no logs")
	}
	dir := t.TempDir()
	for name, script := range map[string]string{
		"chatty": fmt.Sprintf("i=0; while [ $i -lt %d ]; do i=$((i+1)); echo line $i; sleep 0.05; done", chattyLines),
		"fast": fmt.Sprintf(`k=0; while [ $k -lt 30 ]; do seq $((k*%[1]d+1)) $(((k+1)*%[1]d)) | sed 's/^/line /; s/$/ %[2]s/'; k=$((k+1)); sleep 0.5; done`,
			fastLines/30, strings.Repeat("x", 87)),
	} {
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(printing(script)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := harness.NewUncheckedStack(t, cluster)
	s.Start("OTTO_WORKER_TEMPLATES=" + dir)
	fast := s.Add("type", "scale_up", "pod_count", 1, "task_id", "fast", "template", "fast")
	chatty := s.Add("type", "scale_up", "pod_count", 3, "task_id", "chatty", "template", "chatty")
	fastLog, chattyLog := startLogs(t, s, fast), startLogs(t, s, "chatty")

	s.Eventually("lines while the workers run", func() error { return printedLive(chattyLog) })
	for _, component := range []string{"kube-apiserver", "kubelet"} {
		for _, command := range []string{"kill", "start"} {
			if err := cluster.Fault(command, component); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Second) // some lines between the faults
	}
	checkChatty(t, chattyLog.wait(t), chatty)
	checkFast(t, fastLog.wait(t))
	s.WaitClosed(fast, chatty)
}

// logsRun is one run of the command `logs`.
type logsRun struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	ended  chan error

	mu  sync.Mutex
	out bytes.Buffer
}

// Write implements io.Writer.
func (r *logsRun) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.Write(p)
}

func (r *logsRun) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.String()
}

func startLogs(t *testing.T, s *harness.Stack, of string) *logsRun {
	t.Helper()
	r := &logsRun{cmd: s.Command("KUBECONFIG=" + s.Cluster.Kubeconfig), ended: make(chan error, 1)}
	s.Eventually("the event to be known", func() error { // as somebody would try again
		r.cmd = s.Command("KUBECONFIG=" + s.Cluster.Kubeconfig)
		r.cmd.Args = append(r.cmd.Args, "get", "workers", "--task", of)
		out, err := r.cmd.CombinedOutput()
		if of != "chatty" || strings.Count(string(out), "\n") > 3 {
			return err
		}
		return fmt.Errorf("%s", out)
	})
	r.cmd = s.Command("KUBECONFIG=" + s.Cluster.Kubeconfig)
	r.cmd.Args = append(r.cmd.Args, "logs", of, "-f", "-o", "ndjson")
	r.cmd.Stdout, r.cmd.Stderr = r, &r.stderr
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- r.cmd.Wait() }()
	t.Cleanup(func() { _ = r.cmd.Process.Kill() })
	return r
}

// wait returns the lines by worker and container.
func (r *logsRun) wait(t *testing.T) map[string][]logLine {
	t.Helper()
	select {
	case err := <-r.ended:
		if err != nil {
			t.Errorf("logs: %v\n%s", err, r.stderr.String())
		}
	case <-time.After(3 * time.Minute):
		t.Fatalf("logs did not end\n%s", r.stderr.String())
	}
	all := make(map[string][]logLine)
	for row := range strings.Lines(r.text()) {
		var l logLine
		if err := json.Unmarshal([]byte(row), &l); err != nil {
			t.Fatalf("%v in %q", err, row)
		}
		all[l.Worker+" "+l.Container] = append(all[l.Worker+" "+l.Container], l)
	}
	return all
}

func printedLive(r *logsRun) error {
	text := r.text()
	for slot := 1; slot <= 3; slot++ {
		if !strings.Contains(text, fmt.Sprintf(`"worker":"otto-agent-%d-`, slot)) {
			return fmt.Errorf("nothing of worker %d yet: %d bytes\n%s", slot, len(text), r.stderr.String())
		}
	}
	return nil
}

func checkChatty(t *testing.T, all map[string][]logLine, event string) {
	t.Helper()
	for slot := 1; slot <= 3; slot++ {
		worker := fmt.Sprintf("otto-agent-%d-%s", slot, event)
		if got := all[worker+" prepare"]; len(got) != 1 || got[0].Line != "prepared" {
			t.Errorf("%s: the init container printed %v", worker, got)
		}
		got := all[worker+" agent"]
		for i, l := range got {
			if want := fmt.Sprintf("line %d", i+1); l.Line != want || l.Marker != "" {
				t.Errorf("%s: line %d is %+v, want %q", worker, i, l, want)
				break
			}
		}
		if len(got) != chattyLines {
			t.Errorf("%s: %d lines, want %d", worker, len(got), chattyLines)
		}
	}
}

// checkFast: no line comes twice or torn, and where one is missing a marker stands.
func checkFast(t *testing.T, all map[string][]logLine) {
	t.Helper()
	for name, lines := range all {
		if !strings.HasSuffix(name, " agent") {
			continue
		}
		last, marked, missing := 0, false, 0
		for _, l := range lines {
			if l.Marker != "" {
				t.Logf("marker: %+v", l)
				marked = true
				continue
			}
			var n int
			if _, err := fmt.Sscanf(l.Line, "line %d x", &n); err != nil || len(l.Line) != len(fmt.Sprintf("line %d ", n))+87 {
				t.Fatalf("a torn line: %+v", l)
			}
			if n <= last || n > last+1 && !marked {
				t.Fatalf("line %d after line %d, marked %t", n, last, marked)
			}
			missing += n - last - 1
			last, marked = n, false
		}
		if missing += fastLines - last; last < fastLines && !marked {
			t.Errorf("the last line is %d of %d, without a marker", last, fastLines)
		}
		t.Logf("%d of %d lines, %d missing at rotations", fastLines-missing, fastLines, missing)
	}
}
