//go:build real

package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
)

// Stream is the stream of every Stack.
const Stream = "otto:scale:events"

// Stack is one installation of the product: a namespace and a ServiceAccount with exactly its rights in a Cluster, a
// Redis of its own, and the process.
type Stack struct {
	Cluster   *Cluster
	Namespace string
	Server    *redistest.Server
	Redis     *goredis.Client
	// Binary is the product's; empty: what OTTOSCALER names, or `make build` built.
	Binary string
	Args   []string // of the product's command line; none: it runs

	t          *testing.T
	home       string // the namespace of the account and of the Lease
	kubeconfig string
	process    *process
	verdict    *verdict
}

type process struct {
	cmd   *exec.Cmd
	log   syncBuffer
	ended chan error
}

// syncBuffer is a bytes.Buffer that a process writes while a test reads.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// NewStack makes the namespace, the account and the Redis, with further arguments for its command line; the product is
// not started yet. The oracle is to judge what becomes of it.
func NewStack(t *testing.T, c *Cluster, redisArgs ...string) *Stack {
	t.Helper()
	s := NewUnjudgedStack(t, c, append([]string{"--appendfsync", "always"}, redisArgs...)...)
	s.record()
	return s
}

// NewUnjudgedStack is NewStack without the oracle, whose recording is work for Redis: for what measures speed. Its Redis
// has an append-only file with Redis' own defaults.
func NewUnjudgedStack(t *testing.T, c *Cluster, redisArgs ...string) *Stack {
	t.Helper()
	s := &Stack{t: t, Cluster: c, Namespace: fmt.Sprintf("t%x", time.Now().UnixNano())}
	s.Server = redistest.Start(t, append([]string{"--appendonly", "yes"}, redisArgs...)...)
	s.Redis = s.Server.Client()
	s.Kubectl("create", "namespace", s.Namespace)
	s.Kubectl("label", "namespace", s.Namespace, "pod-security.kubernetes.io/enforce=restricted")
	s.home = s.Namespace
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

// Kubeconfig is the file with the account's access.
func (s *Stack) Kubeconfig() string { return s.kubeconfig }

// Kubectl runs kubectl as the admin; an error ends the test.
func (s *Stack) Kubectl(args ...string) string {
	s.t.Helper()
	out, err := s.Cluster.Kubectl(args...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// Product is the path of the product's binary.
func Product(t *testing.T) string {
	t.Helper()
	path, err := binary("OTTOSCALER", "ottoscaler")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Command is the product with this stack's environment; further variables win.
func (s *Stack) Command(env ...string) *exec.Cmd {
	s.t.Helper()
	product := s.Binary
	if product == "" {
		product = Product(s.t)
	}
	host, port, err := net.SplitHostPort(s.Server.Addr)
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(product, s.Args...)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.t.TempDir(), "KUBECONFIG=" + s.kubeconfig, "OTTO_NAMESPACE=" + s.Namespace,
		"REDIS_HOST=" + host, "REDIS_PORT=" + port, "OTTO_HTTP_ADDR=127.0.0.1:0",
		"POD_NAME=ottoscaler-0", // a container restarted in its Pod finds its own Lease
	}, env...)
	return cmd
}

// Start starts the product and waits until it is ready.
func (s *Stack) Start(env ...string) {
	s.t.Helper()
	p := &process{cmd: s.Command(env...), ended: make(chan error, 1)}
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	s.process = p
	s.Eventually("the product to be ready", func() error {
		select {
		case err := <-p.ended:
			p.ended <- err
			s.t.Fatalf("the product ended: %v\n%s", err, s.Log())
		default:
		}
		return want(strings.Contains(s.Log(), "ottoscaler is ready"), "no line says so")
	})
}

// Log is what the product wrote so far.
func (s *Stack) Log() string { return s.process.log.String() }

// Runs says whether the product was started and has not ended.
func (s *Stack) Runs() bool { return s.process != nil && len(s.process.ended) == 0 }

// Kill ends the product as a crash would.
func (s *Stack) Kill() {
	_ = s.process.cmd.Process.Kill()
	err := <-s.process.ended
	s.process.ended <- err
}

// Stop sends SIGTERM and returns the exit code.
func (s *Stack) Stop() int {
	s.t.Helper()
	if err := s.process.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case err := <-s.process.ended:
		s.process.ended <- err
	case <-time.After(stopLimit):
		s.t.Fatalf("the product does not stop\n%s", s.Log())
	}
	return s.process.cmd.ProcessState.ExitCode()
}

// Add is XADD with an ID of the server's; pairs are field, value, field, value.
func (s *Stack) Add(pairs ...any) string {
	s.t.Helper()
	id, err := s.Redis.XAdd(s.t.Context(), &goredis.XAddArgs{Stream: Stream, Values: pairs}).Result()
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// Entries returns a stream's entries as flat maps, with the entry's ID as `entry`.
func (s *Stack) Entries(stream string) []map[string]string {
	s.t.Helper()
	messages, err := s.Redis.XRange(s.t.Context(), stream, "-", "+").Result()
	if err != nil {
		s.t.Fatal(err)
	}
	var out []map[string]string
	for _, m := range messages {
		e := map[string]string{"entry": m.ID}
		for k, v := range m.Values {
			e[k] = fmt.Sprint(v)
		}
		out = append(out, e)
	}
	return out
}

// Status returns what the status stream says of an event.
func (s *Stack) Status(event string) []map[string]string {
	s.t.Helper()
	var out []map[string]string
	for _, e := range s.Entries("{" + Stream + "}:status") {
		if e["event_id"] == event {
			out = append(out, e)
		}
	}
	return out
}

// Dead returns the dead letters.
func (s *Stack) Dead() []map[string]string {
	s.t.Helper()
	return s.Entries("{" + Stream + "}:dead")
}

// Pending returns how many entries are delivered and not acknowledged.
func (s *Stack) Pending() int64 {
	s.t.Helper()
	n, err := s.pending()
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *Stack) pending() (int64, error) {
	p, err := s.Redis.XPending(s.t.Context(), Stream, "ottoscaler").Result()
	if err != nil {
		return 0, err
	}
	return p.Count, nil
}

// Pods returns the names of the Pods in the stack's namespace, found by the label people select on.
func (s *Stack) Pods() []string {
	s.t.Helper()
	return strings.Fields(s.Kubectl("get", "pods", "-n", s.Namespace, "-l", "managed-by=ottoscaler", "-o", "jsonpath={.items[*].metadata.name}"))
}

// WaitClosed waits until the events are closed and everything about them is cleaned up.
func (s *Stack) WaitClosed(events ...string) {
	s.t.Helper()
	s.Eventually("the events to close", func() error {
		open, errOpen := s.Redis.SMembers(s.t.Context(), "{"+Stream+"}:open").Result()
		pending, err := s.pending() // there is no group before somebody leads
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
	s.Eventually("the Pods to go", func() error {
		pods := s.Pods()
		return want(len(pods) == 0, fmt.Sprintf("there are %v", pods))
	})
}

// Eventually waits up to two minutes for f to return nil.
func (s *Stack) Eventually(what string, f func() error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	for {
		err := f()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			s.t.Fatalf("waited for %s: %v", what, err)
		case <-time.After(50 * time.Millisecond):
		}
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
