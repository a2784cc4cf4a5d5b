//go:build real

package test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestTwoClustersSideBySide(t *testing.T) {
	a, b := up(t, newDir(t)), up(t, newDir(t))
	a.createPod("only-here", "devcluster.io/duration=0s")
	a.waitPod("only-here", ".status.phase", "Succeeded")
	if out := b.run("kubectl", "get", "pods"); strings.Contains(out, "only-here") {
		t.Errorf("b has Pods of a: %s", out)
	}
	if err := a.signal(syscall.SIGTERM); err != nil {
		t.Errorf("a exited with %v", err)
	}
	b.run("kubectl", "get", "pods")
}

func TestSIGTERM(t *testing.T) {
	c := up(t, newDir(t))
	pids := c.pids()
	if err := c.signal(syscall.SIGTERM); err != nil {
		t.Errorf("devcluster up exited with %v\n%s", err, c.out)
	}
	for name, pid := range pids {
		if alive(pid) {
			t.Errorf("%s (%d) is still running", name, pid)
		}
	}
	if out, err := c.tryRun("status"); err == nil {
		t.Errorf("status succeeded after the exit: %s", out)
	}
}

func TestRestartAfterSIGKILL(t *testing.T) {
	dir := newDir(t)
	c := up(t, dir)
	pids := c.pids()
	_ = c.signal(syscall.SIGKILL)
	for name, pid := range pids {
		eventually(t, fmt.Sprintf("%s (%d) has exited", name, pid), func() bool { return !alive(pid) })
	}
	if out, err := c.tryRun("status"); err == nil {
		t.Errorf("status succeeded after SIGKILL: %s", out)
	}
	up(t, dir).run("kubectl", "get", "nodes")
}

func TestUnexpectedExitEndsUp(t *testing.T) {
	c := up(t, newDir(t))
	if err := syscall.Kill(c.pids()["kube-scheduler"], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-c.exit; err == nil {
		t.Error("devcluster up exited with code 0")
	}
	close(c.exit)
	if !strings.Contains(c.out.String(), "kube-scheduler exited unexpectedly") {
		t.Errorf("output: %s", c.out)
	}
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !condition(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("timeout: %s", what)
			return
		}
	}
}
