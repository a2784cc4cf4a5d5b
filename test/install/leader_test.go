//go:build real

package install

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

// TestLeaderDies kills the leader's Pod and process while it creates twenty workers: the standby continues. `helm test` checks the
// health of the leading Pod, since this node has no Services.
func TestLeaderDies(t *testing.T) {
	s := prepared(t)
	helm(t, s, "install", "--set", "replicas=2")
	s.Eventually("two Main Pods", func() error { return ready(s, "2") })
	leader := holder(s)
	twenty := send(t, s, "type", "scale_up", "pod_count", 20, "template", "short")
	s.Eventually("some of twenty to be created", atLeast(s, twenty, "created", 5))
	kill(t, leader)
	// Without its Pod it is not restarted, and the Lease expires.
	s.Kubectl("delete", "pod", leader, "-n", s.MainNamespace(), "--force", "--grace-period=0", "--wait=false")
	s.WaitClosed(twenty)
	checkSucceeded(t, s, twenty, 20)
	if next := holder(s); next == leader || next == "" {
		t.Errorf("%s led before, and %s does after", leader, next)
	}
	s.Eventually("two Main Pods again", func() error { return ready(s, "2") })

	address := s.Kubectl("get", "pod", holder(s), "-n", s.MainNamespace(), "-o", "jsonpath={.status.podIP}") + ":8080"
	helm(t, s, "upgrade", "--set", "replicas=2", "--set", "tests.address="+address)
	if out, err := s.Helm("test", harness.Release, "--timeout", "60s"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	checkACL(t, s)
	s.Verify(func(in *checker.Input) { in.Templates, in.Fault = []string{"short"}, checker.Fault{Killed: true} })
}

func ready(s *harness.Stack, want string) error {
	if got := s.Kubectl("get", "deployment", "ottoscaler", "-n", s.MainNamespace(), "-o", "jsonpath={.status.readyReplicas}"); got != want {
		return fmt.Errorf("%q are ready", got)
	}
	return nil
}

func holder(s *harness.Stack) string {
	return s.Kubectl("get", "lease", "ottoscaler", "-n", s.MainNamespace(), "-o", "jsonpath={.spec.holderIdentity}")
}

// kill sends SIGKILL to the Main Pod's process: containers are processes of this machine.
func kill(t *testing.T, pod string) {
	t.Helper()
	environs, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range environs {
		environ, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(environ, []byte("POD_NAME="+pod+"\x00")) {
			continue // it has ended, or is another process
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("no process of %s", pod)
}
