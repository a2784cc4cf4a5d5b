//go:build real && linux

package realnode

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// testCluster is a running `devcluster up --node containerd` of the binary in DEVCLUSTER.
type testCluster struct {
	t   *testing.T
	dir string
	up  *exec.Cmd
}

// requireRealNode skips the test where no containers can run. In CI it fails instead.
func requireRealNode(t *testing.T) {
	t.Helper()
	reason := Check()
	if os.Getenv("DEVCLUSTER") == "" {
		reason = errors.New("DEVCLUSTER is not set to the path of the binary")
	}
	switch {
	case reason == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("CI requires a real node: %v", reason)
	default:
		t.Skip(reason)
	}
}

// startCluster returns when the cluster is ready. It is stopped when the test ends.
func startCluster(t *testing.T, dir string, args ...string) *testCluster {
	t.Helper()
	c := &testCluster{t: t, dir: dir}
	output, err := os.Create(filepath.Join(t.TempDir(), "up.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	c.up = exec.Command(os.Getenv("DEVCLUSTER"), append([]string{"up", "--node", "containerd", "--dir", dir}, args...)...)
	c.up.Stdout, c.up.Stderr = output, output
	if err := c.up.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.stop(syscall.SIGTERM)
		if raw, _ := os.ReadFile(output.Name()); t.Failed() {
			t.Logf("devcluster up: %s", raw)
		}
	})
	c.run("wait")
	return c
}

// stop signals `up` and waits until it exits; later calls do nothing.
func (c *testCluster) stop(sig syscall.Signal) {
	c.t.Helper()
	if c.up.ProcessState != nil {
		return
	}
	_ = c.up.Process.Signal(sig)
	if err := c.up.Wait(); err != nil && sig == syscall.SIGTERM {
		c.t.Errorf("devcluster up after SIGTERM: %v", err)
	}
}

func (c *testCluster) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(c.t.Context(), os.Getenv("DEVCLUSTER"), args...)
	cmd.Env = append(os.Environ(), "DEVCLUSTER_DIR="+c.dir)
	return cmd
}

func (c *testCluster) run(args ...string) string {
	c.t.Helper()
	out, err := c.command(args...).CombinedOutput()
	if err != nil {
		c.t.Fatalf("devcluster %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (c *testCluster) kubectl(args ...string) string {
	c.t.Helper()
	return c.run(append([]string{"kubectl"}, args...)...)
}

func (c *testCluster) apply(manifest string) {
	c.t.Helper()
	cmd := c.command("kubectl", "apply", "-f", "-")
	cmd.Stdin = strings.NewReader(manifest)
	if out, err := cmd.CombinedOutput(); err != nil {
		c.t.Fatalf("kubectl apply: %v\n%s", err, out)
	}
}

type podStatus struct {
	Phase, Reason     string
	ContainerStatuses []struct {
		RestartCount int
		State        struct {
			Waiting    *struct{ Reason, Message string }
			Terminated *struct {
				ExitCode        int
				Reason, Message string
			}
		}
	}
}

func (c *testCluster) pod(name string) podStatus {
	c.t.Helper()
	var pod struct{ Status podStatus }
	raw := c.kubectl("get", "pod", name, "-o", "json")
	if err := json.Unmarshal([]byte(raw), &pod); err != nil {
		c.t.Fatalf("kubectl get pod: %v\n%s", err, raw)
	}
	return pod.Status
}

// waitPod polls until the condition is true, and returns the Pod.
func (c *testCluster) waitPod(name, what string, condition func(podStatus) bool) podStatus {
	c.t.Helper()
	started := time.Now()
	for {
		p := c.pod(name)
		if condition(p) {
			c.t.Logf("%s: %s after %v", name, what, time.Since(started).Round(10*time.Millisecond))
			return p
		}
		if time.Since(started) > time.Minute {
			c.t.Fatalf("%s is not %s: %+v\n%s", name, what, p, c.kubectl("describe", "pod", name))
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (c *testCluster) waitPhase(name, phase string) podStatus {
	c.t.Helper()
	return c.waitPod(name, phase, func(p podStatus) bool { return p.Phase == phase })
}
