//go:build real

// The tests run the binary in DEVCLUSTER, or one that they build.
package test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

var binary string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
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

// cluster is one running `devcluster up`.
type cluster struct {
	t    *testing.T
	dir  string
	cmd  *exec.Cmd
	out  *bytes.Buffer
	exit chan error
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

func up(t *testing.T, dir string, flags ...string) *cluster {
	t.Helper()
	c := &cluster{t: t, dir: dir, out: &bytes.Buffer{}, exit: make(chan error, 1)}
	c.cmd = exec.Command(binary, append([]string{"up", "--dir", dir, "--node", "kwok"}, flags...)...)
	c.cmd.Stdout, c.cmd.Stderr = c.out, c.out
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { c.exit <- c.cmd.Wait() }()
	t.Cleanup(func() { _ = c.signal(syscall.SIGTERM) })
	if out, err := exec.Command(binary, "wait", "--dir", dir, "--timeout", "90s").CombinedOutput(); err != nil {
		_ = c.signal(syscall.SIGTERM)
		t.Fatalf("%s\n%s", out, c.out)
	}
	return c
}

// signal signals `up`, waits until it exits and returns its error; later calls return nil.
func (c *cluster) signal(sig os.Signal) error {
	_ = c.cmd.Process.Signal(sig)
	select {
	case err, ok := <-c.exit:
		if ok {
			close(c.exit)
		}
		return err
	case <-time.After(time.Minute):
		c.t.Errorf("devcluster up did not exit after %v", sig)
		return nil
	}
}

func (c *cluster) tryRun(args ...string) (string, error) {
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "DEVCLUSTER_DIR="+c.dir)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (c *cluster) run(args ...string) string {
	c.t.Helper()
	out, err := c.tryRun(args...)
	if err != nil {
		c.t.Fatalf("devcluster %v: %v\n%s", args, err, out)
	}
	return out
}

// createPod creates a Pod with the restartPolicy Never and these annotations.
func (c *cluster) createPod(name string, annotations ...string) {
	c.t.Helper()
	args := []string{"kubectl", "run", name, "--image=any", "--restart=Never"}
	for _, a := range annotations {
		args = append(args, "--annotations="+a)
	}
	c.run(args...)
}

// waitPod waits until a field of the Pod has this value.
func (c *cluster) waitPod(pod, path, want string) {
	c.t.Helper()
	c.run("kubectl", "wait", "pod/"+pod, "--for=jsonpath={"+path+"}="+want, "--timeout=30s")
}

// with returns the same cluster for a subtest.
func (c *cluster) with(t *testing.T) *cluster {
	copied := *c
	copied.t = t
	return &copied
}

func (c *cluster) pids() map[string]int {
	c.t.Helper()
	var ready struct{ Components map[string]int }
	data, err := os.ReadFile(filepath.Join(c.dir, "ready.json"))
	if err == nil {
		err = json.Unmarshal(data, &ready)
	}
	if err != nil || len(ready.Components) != 5 {
		c.t.Fatalf("ready.json: %v, %s", err, data)
	}
	return ready.Components
}
