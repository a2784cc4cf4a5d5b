//go:build real

package judge

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
)

// server is a real redis-server that may be killed.
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
	s.process = exec.Command("redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--requirepass", "secret", "--dir", s.t.TempDir())
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
	deadline := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("waited for %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// recordIt records until the returned function is called.
func recordIt(t *testing.T, s *server) (file string, stop func() *monitor) {
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

// TestRecordReal: what a real server executes is there, up to the last command before the end; what a touched WATCH
// aborted is not.
func TestRecordReal(t *testing.T) {
	s := startRedis(t)
	_, stop := recordIt(t, s)
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

// TestRecordGap: a server that goes away and comes back leaves a gap around the time it was away.
func TestRecordGap(t *testing.T) {
	s := startRedis(t)
	file, stop := recordIt(t, s)
	s.client().Set(t.Context(), "before", "1", 0)
	killed := time.Now()
	s.kill()
	s.start()
	back := time.Now()
	eventually(t, "the recorder to be back", func() bool {
		b, _ := os.ReadFile(file)
		return strings.Contains(string(b), gapMark)
	})
	s.client().Set(t.Context(), "after", "1", 0)
	m := stop()
	if len(m.Gaps) != 2 || !m.Ended || m.Gaps[1].From.After(killed) || m.Gaps[1].To.Before(killed) || m.inGap(back.Add(time.Hour)) {
		t.Errorf("gaps %v, killed at %v, back at %v", m.Gaps, killed, back)
	}
	if !slices.ContainsFunc(m.Commands, func(c command) bool { return len(c.Args) > 1 && c.Args[1] == "after" }) {
		t.Error("what came after the gap is not there")
	}
}

// TestEndStateReal reads what a real server holds.
func TestEndStateReal(t *testing.T) {
	s := startRedis(t)
	client, ctx := s.client(), t.Context()
	e := Evidence{AuditLog: "-", Namespace: "n", User: "u", Redis: &redis.Options{Addr: s.addr, Password: "secret"}}
	if err := e.complete(); err != nil {
		t.Fatal(err)
	}
	if end, err := readEndState(ctx, &e); err != nil || len(end.Stream)+len(end.Pending) != 0 {
		t.Fatalf("an empty server: %+v, %v", end, err)
	}
	for range 1200 {
		client.XAdd(ctx, &redis.XAddArgs{Stream: e.Stream, Values: []any{"type", "scale_up"}})
	}
	down := client.XAdd(ctx, &redis.XAddArgs{Stream: e.Stream, Values: []any{"type", "scale_down"}}).Val()
	client.HSet(ctx, e.side("event:"+down), "victims", "1-1/1")
	client.SAdd(ctx, e.side("open"), down)
	client.XGroupCreate(ctx, e.Stream, e.Group, "0")
	client.XReadGroup(ctx, &redis.XReadGroupArgs{Group: e.Group, Consumer: "c", Streams: []string{e.Stream, ">"}, Count: 3, Block: -1})
	end, err := readEndState(ctx, &e)
	if err != nil {
		t.Fatal(err)
	}
	if len(end.Stream) != 1201 || len(end.Pending) != 3 || len(end.Unread) != 1198 || end.Victims[down] != "1-1/1" || !slices.Equal(end.Open, []string{down}) {
		t.Errorf("%d entries, %d pending, %d unread, victims %v, open %v", len(end.Stream), len(end.Pending), len(end.Unread), end.Victims, end.Open)
	}
}
