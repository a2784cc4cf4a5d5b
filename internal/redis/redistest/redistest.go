// Package redistest starts Redis servers for tests, and has what the tests of several packages below redis share.
package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const startLimit = 20 * time.Second

// Server is one redis-server on loopback.
type Server struct {
	Addr string // host:port
	Dir  string // its scratch folder

	t       testing.TB
	binary  string
	args    []string
	process *exec.Cmd
	exited  chan struct{}
}

// Start runs a redis-server on a free port until the test ends. The args go to its command line, after ours. Without
// the binary the test is skipped, in CI it fails.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	port := FreePort(t)
	return StartAt(t, port, append([]string{"--port", port}, args...)...)
}

// StartAt is Start with a port that the args must listen on.
func StartAt(t testing.TB, port string, args ...string) *Server {
	t.Helper()
	s := prepare(t, port)
	s.args = append([]string{"--bind", "127.0.0.1", "--dir", s.Dir, "--save", "", "--logfile", s.logFile()}, args...)
	s.run()
	return s
}

// StartSentinel runs a sentinel on the port in its configuration file, which it rewrites.
func StartSentinel(t testing.TB, port, config string) *Server {
	t.Helper()
	s := prepare(t, port)
	s.args = []string{config, "--sentinel", "--dir", s.Dir, "--logfile", s.logFile()}
	s.run()
	return s
}

func prepare(t testing.TB, port string) *Server {
	t.Helper()
	return &Server{Addr: net.JoinHostPort("127.0.0.1", port), t: t, binary: find(t), Dir: t.TempDir()}
}

func (s *Server) run() {
	s.t.Helper()
	s.t.Cleanup(s.Kill)
	s.Restart()
}

func (s *Server) logFile() string { return filepath.Join(s.Dir, "log") }

// Client returns a plain client of the server, for what a test sends and reads itself.
func (s *Server) Client() *goredis.Client {
	client := goredis.NewClient(&goredis.Options{Addr: s.Addr, MaxRetries: -1, DisableIdentity: true, Protocol: 2})
	s.t.Cleanup(func() { _ = client.Close() })
	return client
}

// PID is the server's process.
func (s *Server) PID() int { return s.process.Process.Pid }

// Kill ends the server as a crash would. It may be started again.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	<-s.exited
	s.process = nil
}

// Restart starts the server again on its port and folder, after Kill.
func (s *Server) Restart() {
	s.t.Helper()
	s.process, s.exited = exec.Command(s.binary, s.args...), make(chan struct{})
	if err := s.process.Start(); err != nil {
		s.process = nil
		s.t.Fatalf("starting redis-server: %v", err)
	}
	go func(process *exec.Cmd, exited chan struct{}) {
		_ = process.Wait()
		close(exited)
	}(s.process, s.exited)
	s.waitUntilListening()
}

func (s *Server) waitUntilListening() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.Addr)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-ctx.Done():
			s.t.Fatalf("redis-server on %s: %v\n%s", s.Addr, err, s.log())
		case <-s.exited:
			s.t.Fatalf("redis-server on %s ended at once\n%s", s.Addr, s.log())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (s *Server) log() string {
	b, err := os.ReadFile(s.logFile())
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(b))
}

func find(t testing.TB) string {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err == nil {
		return binary
	}
	const missing = "redis-server is missing; on Debian: apt-get install redis-server"
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// FreePort returns a loopback port that was free a moment ago.
func FreePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return fmt.Sprint(listener.Addr().(*net.TCPAddr).Port)
}
