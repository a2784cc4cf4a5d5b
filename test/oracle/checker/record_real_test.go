//go:build real

package checker

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/test/poll"
)

// server is a real redis-server that tests kill.
type server struct {
	t       *testing.T
	addr    string
	process *exec.Cmd
}

func startRedis(t *testing.T) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("redis-server is missing; on Debian: apt-get install redis-server")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, addr: l.Addr().String()}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s.start()
	t.Cleanup(s.kill)
	return s
}

func (s *server) start() {
	s.t.Helper()
	_, port, _ := net.SplitHostPort(s.addr)
	s.process = exec.Command("redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--requirepass", "secret",
		"--dir", s.t.TempDir())
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	client := s.client()
	eventually(s.t, "redis-server", func() bool { return client.Ping(s.t.Context()).Err() == nil })
}

func (s *server) kill() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

func (s *server) url() string { return "redis://:secret@" + s.addr }

func (s *server) client() *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: s.addr, Password: "secret", Protocol: 2, DisableIdentity: true, MaxRetries: -1})
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := poll.Until(ctx, 10*time.Millisecond, func() error {
		if !ok() {
			return errors.New("not yet")
		}
		return nil
	})
	if err != nil {
		t.Fatalf("waited for %s", what)
	}
}

// startRecording records until the returned function is called.
func startRecording(t *testing.T, s *server) (file string, stop func() *monitor) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "monitor")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Record(ctx, s.url(), file) }()
	t.Cleanup(cancel)
	eventually(t, "the recording to begin", func() bool { return lines(file) > 0 })
	return file, func() *monitor {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		m, err := readMonitor(file)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
}

func lines(file string) int {
	b, _ := os.ReadFile(file)
	return strings.Count(string(b), "\n")
}

// TestRecordReal: the recording has what a real server executes, up to the last command before the end, but not what a touched WATCH
// aborted.
func TestRecordReal(t *testing.T) {
	s := startRedis(t)
	_, stop := startRecording(t, s)
	client, ctx := s.client(), t.Context()
	odd := "a \"b\"\\\n\r\t\a\b\x00\xff한"
	execute := func(touch bool) error {
		return client.Watch(ctx, func(tx *redis.Tx) error {
			if touch {
				client.Incr(ctx, "fence")
			}
			_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
				p.HSet(ctx, "h", "touched", touch, odd, odd)
				p.XAck(ctx, "s", "g", "1-1")
				return nil
			})
			return err
		}, "fence")
	}
	if err := execute(true); !errors.Is(err, redis.TxFailedErr) {
		t.Fatalf("the touched transaction ended with %v", err)
	}
	if err := execute(false); err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		client.Set(ctx, "last", "one", 0)
	}
	m := stop()
	var hsets, sets int
	for _, c := range m.Commands {
		switch c.Args[0] {
		case "HSET":
			hsets++
			if !slices.Equal(c.Args[2:], []string{"touched", "0", odd, odd}) || c.Tx == 0 {
				t.Errorf("%q in transaction %d", c.Args, c.Tx)
			}
		case "SET":
			sets++
		}
	}
	if hsets != 1 || sets != 2000 || !m.Ended || len(m.Gaps) != 1 {
		t.Errorf("%d HSETs, %d SETs, ended %v, gaps %v", hsets, sets, m.Ended, m.Gaps)
	}
}

// TestRecordGap: a restarted server leaves a gap around its downtime.
func TestRecordGap(t *testing.T) {
	s := startRedis(t)
	file, stop := startRecording(t, s)
	s.client().Set(t.Context(), "before", "1", 0)
	killed := time.Now()
	s.kill()
	s.start()
	back := time.Now()
	eventually(t, "the recorder to reconnect", func() bool {
		b, _ := os.ReadFile(file)
		return strings.Contains(string(b), gapPrefix)
	})
	s.client().Set(t.Context(), "after", "1", 0)
	m := stop()
	if len(m.Gaps) != 2 || !m.Ended || m.Gaps[1].From.After(killed) || m.Gaps[1].To.Before(killed) || m.inGap(back.Add(time.Hour)) {
		t.Errorf("gaps %v, killed at %v, back at %v", m.Gaps, killed, back)
	}
	if !slices.ContainsFunc(m.Commands, func(c command) bool { return len(c.Args) > 1 && c.Args[1] == "after" }) {
		t.Error("the command after the gap is missing")
	}
}

// TestEndStateReal reads what a real server holds.
func TestEndStateReal(t *testing.T) {
	s := startRedis(t)
	client, ctx := s.client(), t.Context()
	in := Input{AuditLog: "-", Namespace: "n", User: "u", Redis: &redis.Options{Addr: s.addr, Password: "secret"}}
	if err := in.complete(); err != nil {
		t.Fatal(err)
	}
	if end, err := readEndState(ctx, &in); err != nil || len(end.Stream)+len(end.Pending) != 0 {
		t.Fatalf("an empty server: %+v, %v", end, err)
	}
	for range 1200 {
		client.XAdd(ctx, &redis.XAddArgs{Stream: in.Stream, Values: []any{"type", "scale_up"}})
	}
	down := client.XAdd(ctx, &redis.XAddArgs{Stream: in.Stream, Values: []any{"type", "scale_down"}}).Val()
	client.HSet(ctx, in.key("event:"+down), "victims", "1-1/1")
	client.SAdd(ctx, in.key("open"), down)
	client.XGroupCreate(ctx, in.Stream, in.Group, "0")
	client.XReadGroup(ctx, &redis.XReadGroupArgs{Group: in.Group, Consumer: "c", Streams: []string{in.Stream, ">"}, Count: 3, Block: -1})
	end, err := readEndState(ctx, &in)
	if err != nil {
		t.Fatal(err)
	}
	if got := [3]int{len(end.Stream), len(end.Pending), len(end.Unread)}; got != [3]int{1201, 3, 1198} {
		t.Errorf("stream, pending and unread entries: %v", got)
	}
	if end.Victims[down] != "1-1/1" || !slices.Equal(end.Open, []string{down}) {
		t.Errorf("victims %v, open %v", end.Victims, end.Open)
	}
}
