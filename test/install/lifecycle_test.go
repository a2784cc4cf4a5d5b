//go:build real

package install

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/test/harness"
	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

const password = "correct horse"

// users is deploy/redis/users.acl with passwords as docs/install.md says. The tests themselves use the default user, which the
// file disables.
func users(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../deploy/redis/users.acl")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(password))
	text := strings.ReplaceAll(string(b), strings.Repeat("0", 64), hex.EncodeToString(sum[:]))
	off := "user default off resetchannels -@all\n"
	if !strings.Contains(text, off) {
		t.Fatal("the default user is not off")
	}
	text = strings.Replace(text, off, "user default on nopass ~* &* +@all\n", 1)
	file := filepath.Join(t.TempDir(), "users.acl")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// prepared is a Stack with the users of users.acl and the Secret of their password; nothing is installed yet.
func prepared(t *testing.T, redisArgs ...string) *harness.Stack {
	t.Helper()
	s := harness.NewInstalled(t, cluster, append(redisArgs, "--aclfile", users(t))...)
	s.Kubectl("create", "secret", "generic", "redis", "-n", s.MainNamespace(), "--from-literal=password="+password)
	return s
}

// helm installs or upgrades with the tests' values, and waits until the Main Pod is ready.
func helm(t *testing.T, s *harness.Stack, verb string, values ...string) {
	t.Helper()
	args := append([]string{verb, harness.Release, chart, "--values", "values.yaml", "--wait", "--timeout", "90s"}, s.RedisValues()...)
	if out, err := s.Helm(append(args, values...)...); err != nil {
		t.Fatal(err)
	} else if verb == "install" && !strings.Contains(out, "kubectl rollout status deployment/ottoscaler -n "+s.MainNamespace()) {
		t.Errorf("the notes do not say what to do next:\n%s", out)
	}
}

// send is XADD as the producer's user, who may only send and read the results.
func send(t *testing.T, s *harness.Stack, pairs ...any) string {
	t.Helper()
	id, err := s.AsUser("producer", password).XAdd(t.Context(), &goredis.XAddArgs{Stream: harness.Stream, Values: pairs}).Result()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func count(s *harness.Stack, event, state string) (n int) {
	for _, e := range s.Status(event) {
		if e["kind"] == "worker" && e["state"] == state {
			n++
		}
	}
	return n
}

func atLeast(s *harness.Stack, event, state string, n int) func() error {
	return func() error {
		if got := count(s, event, state); got < n {
			return fmt.Errorf("%d of %d are %s", got, n, state)
		}
		return nil
	}
}

// checkSucceeded: each worker succeeded and has one status entry for it.
func checkSucceeded(t *testing.T, s *harness.Stack, event string, workers int) {
	t.Helper()
	for _, state := range []string{"created", "succeeded"} {
		if got := count(s, event, state); got != workers {
			t.Errorf("event %s: %d of %d workers are %s", event, got, workers, state)
		}
	}
}

// TestLife is the life of a release: three containers of one entry, an upgrade while twenty run, a rollback, and an uninstall that
// workers survive.
func TestLife(t *testing.T) {
	s := prepared(t)
	helm(t, s, "install")
	three := send(t, s, "type", "scale_up", "pod_count", 3, "task_id", "task-123", "template", "short")
	s.WaitClosed(three)
	checkSucceeded(t, s, three, 3)

	twenty := send(t, s, "type", "scale_up", "pod_count", 20, "template", "short")
	s.Eventually("some of twenty to be created", atLeast(s, twenty, "created", 5))
	helm(t, s, "upgrade", "--set", "probes.exec=true") // by `ottoscaler healthcheck` in the container
	s.WaitClosed(twenty)
	checkSucceeded(t, s, twenty, 20)

	running := send(t, s, "type", "scale_up", "pod_count", 2, "task_id", "stays", "template", "long")
	s.Eventually("two to run", atLeast(s, running, "running", 2))
	before := pods(s)
	if _, err := s.Helm("rollback", harness.Release, "1", "--wait", "--timeout", "90s"); err != nil {
		t.Fatal(err)
	}
	// Scaled down first, as docs/install.md says: its permissions must last until it has released the Lease.
	s.Kubectl("scale", "deployment/ottoscaler", "--replicas=0", "-n", s.MainNamespace())
	s.Kubectl("wait", "pod", "--for=delete", "-n", s.MainNamespace(), "-l", "app.kubernetes.io/component=main", "--timeout=60s")
	if _, err := s.Helm("uninstall", harness.Release, "--wait"); err != nil {
		t.Fatal(err)
	}
	if after := pods(s); after != before {
		t.Errorf("the workers were touched: before %s, after %s", before, after)
	}
	helm(t, s, "install")
	down := send(t, s, "type", "scale_down", "pod_count", 2, "task_id", "stays")
	s.WaitClosed(running, down)
	if got := count(s, running, "cancelled"); got != 2 {
		t.Errorf("%d of 2 were cancelled", got)
	}
	checkACL(t, s)
	s.Verify(func(in *checker.Input) { in.Templates = []string{"short", "long"} })
}

// pods lists the Pods, their phases and their containers' restarts.
func pods(s *harness.Stack) string {
	return s.Kubectl("get", "pods", "-n", s.Namespace, "-o",
		"jsonpath={range .items[*]}{.metadata.uid} {.status.phase} {.metadata.deletionTimestamp} "+
			"{.status.containerStatuses[0].restartCount};{end}")
}

// checkACL: no command was refused by an ACL.
func checkACL(t *testing.T, s *harness.Stack) {
	t.Helper()
	log, err := s.Redis.ACLLog(t.Context(), 100).Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range log {
		t.Errorf("Redis refused %s to %s: %s %s", e.Object, e.Username, e.Reason, e.Context)
	}
}
