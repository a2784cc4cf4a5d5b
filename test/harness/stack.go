//go:build real

package harness

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/test/poll"
)

// Stack is one installation of the product: a namespace and a ServiceAccount with exactly its permissions in a Cluster, its
// own Redis, and the process.
type Stack struct {
	Cluster   *Cluster
	Namespace string
	Server    *redistest.Server
	Redis     *goredis.Client
	// Binary is the product's path; empty: from OTTOSCALER, or bin/ottoscaler.
	Binary string
	Args   []string // of the product's command line; none: it runs the daemon

	t             *testing.T
	mainNamespace string // of the account and the Lease
	kubeconfig    string
	auditStart    int64 // size of the audit log when the stack began
	process       *process
	recording     *recording
}

// NewStack creates the namespace, the account and the Redis, with further arguments for its command line; the product is
// not started yet. The test must call Verify at its end.
func NewStack(t *testing.T, c *Cluster, redisArgs ...string) *Stack {
	t.Helper()
	s := NewUncheckedStack(t, c, append([]string{"--appendfsync", "always"}, redisArgs...)...)
	s.record()
	return s
}

// NewUncheckedStack is NewStack without the oracle, whose recording is work for Redis: for what measures speed. Its Redis
// has an append-only file with Redis' own defaults.
func NewUncheckedStack(t *testing.T, c *Cluster, redisArgs ...string) *Stack {
	t.Helper()
	s := &Stack{t: t, Cluster: c, Namespace: fmt.Sprintf("t%x", time.Now().UnixNano()), auditStart: c.auditSize(t)}
	s.Server = redistest.Start(t, append([]string{"--appendonly", "yes"}, redisArgs...)...)
	s.Redis = s.Server.Client()
	s.Kubectl("create", "namespace", s.Namespace)
	s.Kubectl("label", "namespace", s.Namespace, "pod-security.kubernetes.io/enforce=restricted")
	s.mainNamespace = s.Namespace
	s.kubeconfig = c.NewAccount(t, s.Namespace)
	t.Cleanup(func() {
		if s.process != nil {
			s.Kill()
		}
		if t.Failed() && s.process != nil {
			t.Logf("the product's log:\n%s", s.Log())
		}
		s.Kubectl("delete", "namespace", s.Namespace, "--wait=false")
	})
	return s
}

// Kubeconfig is the path of the account's kubeconfig.
func (s *Stack) Kubeconfig() string { return s.kubeconfig }

// Kubectl runs kubectl as admin; an error ends the test.
func (s *Stack) Kubectl(args ...string) string {
	s.t.Helper()
	out, err := s.Cluster.Kubectl(args...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// Pods returns the names of the Pods in the stack's namespace that have the label `managed-by=ottoscaler`.
func (s *Stack) Pods() []string {
	s.t.Helper()
	return strings.Fields(s.Kubectl("get", "pods", "-n", s.Namespace, "-l", "managed-by=ottoscaler",
		"-o", "jsonpath={.items[*].metadata.name}"))
}

// WaitClosed waits until the events are closed, nothing is pending and no Pod is left.
func (s *Stack) WaitClosed(events ...string) {
	s.t.Helper()
	s.Eventually("the events to close", func() error {
		open, errOpen := s.Redis.SMembers(s.t.Context(), OpenKey).Result()
		pending, err := s.pending() // there is no group before the first term
		if err = errors.Join(errOpen, err); err != nil || len(open) > 0 || pending > 0 {
			return fmt.Errorf("open: %v, pending: %d, %w", open, pending, errOrNone(err))
		}
		for _, e := range events {
			if st := s.Status(e); len(st) == 0 || st[len(st)-1]["kind"] != "closed" {
				return fmt.Errorf("event %s: %v", e, st)
			}
		}
		return nil
	})
	s.Eventually("the Pods to be deleted", func() error {
		pods := s.Pods()
		return want(len(pods) == 0, fmt.Sprintf("left: %v", pods))
	})
}

// Eventually waits up to two minutes for f to return nil.
func (s *Stack) Eventually(what string, f func() error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	if err := poll.Until(ctx, 50*time.Millisecond, f); err != nil {
		s.t.Fatalf("waited for %s: %v", what, err)
	}
}

func want(ok bool, otherwise string) error {
	if ok {
		return nil
	}
	return fmt.Errorf("%s", otherwise)
}

func errOrNone(err error) error {
	if err == nil {
		return fmt.Errorf("no error")
	}
	return err
}
