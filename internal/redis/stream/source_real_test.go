//go:build real

package stream

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// onRedis is a process on a fresh redis-server.
func onRedis(t *testing.T) *process {
	t.Helper()
	return &process{Fixture: redistest.Real(t)}
}

func TestSourceOnRealRedis(t *testing.T) { testSource(t, onRedis) }

func TestTrimmed(t *testing.T) {
	p := onRedis(t)
	first, second := p.Add(t, "n", "1"), p.Add(t, "n", "2")
	read(t, p.source(), 2)
	p.Do(t, "XDEL", stream, first.String())
	got := read(t, p.source(), 2)
	want := []worker.Entry{
		{ID: first, Trimmed: true, Redelivered: true}, {ID: second, Fields: map[string]string{"n": "2"}, Redelivered: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// blocked waits until a client is in a blocking read, and returns its line of CLIENT LIST.
func blocked(t *testing.T, p *process) string {
	t.Helper()
	for range 500 {
		list, _ := p.Do(t, "CLIENT", "LIST").(string)
		for line := range strings.Lines(list) {
			if strings.Contains(line, "cmd=xreadgroup") && strings.Contains(line, "flags=b") {
				return line
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("no client blocks")
	return ""
}

type result struct {
	entries []worker.Entry
	err     error
}

// readInBackground reads once, with a block of 2 s.
func readInBackground(ctx context.Context, s *Source) <-chan result {
	s.opts.Block = defaultBlock
	results := make(chan result, 1)
	go func() {
		entries, err := s.Read(ctx)
		results <- result{entries, err}
	}()
	return results
}

func TestStreamDeletedWhileBlocked(t *testing.T) {
	p := onRedis(t)
	s := p.source()
	old := p.Add(t, "n", "old")
	read(t, s, 1)
	p.Do(t, "SET", keysOf.LastAcceptedID(), old.String())
	results := readInBackground(t.Context(), s)
	blocked(t, p)
	p.Do(t, "DEL", stream)
	if r := <-results; !errors.Is(r.err, worker.ErrStreamReplaced) {
		t.Fatalf("read %v, %v", ids(r.entries), r.err)
	}
}

func TestConnectionLostWhileBlocked(t *testing.T) {
	p := onRedis(t)
	s := p.source()
	first := p.Add(t, "n", "1")
	read(t, s, 1)
	results := readInBackground(t.Context(), s)
	line := blocked(t, p)
	id, _, _ := strings.Cut(strings.TrimPrefix(line, "id="), " ")
	p.Do(t, "CLIENT", "KILL", "ID", id)
	if r := <-results; r.err == nil || !strings.HasPrefix(r.err.Error(), "redis "+p.Addr+": reading "+stream+": the server closed") {
		t.Fatalf("read %v, %v", ids(r.entries), r.err)
	}
	second := p.Add(t, "n", "2")
	if diff := cmp.Diff([]string{first.String(), second.String()}, ids(read(t, s, 2))); diff != "" {
		t.Error(diff)
	}
}

func TestCancelledWhileBlocked(t *testing.T) {
	p := onRedis(t)
	s := p.source()
	nothing(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	begin := time.Now()
	results := readInBackground(ctx, s)
	blocked(t, p)
	cancel()
	id := p.Add(t, "n", "1") // it is delivered to that read, which must return it
	if r := <-results; r.err != nil || len(r.entries) != 1 || r.entries[0].ID != id {
		t.Errorf("read %v, %v", ids(r.entries), r.err)
	}
	if _, err := s.Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the next read: %v", err)
	}
	if took := time.Since(begin); took > defaultBlock+time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestServerCrash(t *testing.T) {
	server := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	p := connect(t, server.Addr)
	s, j := p.source(), p.journal(t)
	id := p.Add(t, "n", "1")
	read(t, s, 1)
	server.Kill()
	if _, err := s.Read(t.Context()); err == nil {
		t.Error("a read without a server is no error")
	}
	if err := j.Commit(t.Context(), []worker.Write{worker.Ack{ID: id}}); err == nil {
		t.Error("a write without a server is no error")
	}
	server.Restart()
	if err := p.Client.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	// go-redis repeats its last dial error until it dials again, which it does once a second.
	got, err := s.Read(t.Context())
	for range 50 {
		if err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
		got, err = s.Read(t.Context())
	}
	if err != nil || len(got) != 1 || got[0].ID != id || !got[0].Redelivered {
		t.Errorf("read %+v, %v", got, err)
	}
}
