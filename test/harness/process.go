//go:build real

package harness

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is one run of the product.
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

// Product is the path of the product's binary.
func Product(t *testing.T) string {
	t.Helper()
	path, err := binary("OTTOSCALER", "ottoscaler")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Command is the product with this stack's environment; env overrides it.
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
		return want(strings.Contains(s.Log(), "ottoscaler is ready"), "no such log line")
	})
}

// Log is the product's output so far.
func (s *Stack) Log() string { return s.process.log.String() }

// Running reports whether the product was started and has not ended.
func (s *Stack) Running() bool { return s.process != nil && len(s.process.ended) == 0 }

// Kill sends SIGKILL and returns when the product has ended.
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
		s.t.Fatalf("the product did not stop\n%s", s.Log())
	}
	return s.process.cmd.ProcessState.ExitCode()
}
