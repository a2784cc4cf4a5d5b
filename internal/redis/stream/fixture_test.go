package stream

import (
	"log/slog"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	stream   = redistest.Stream
	group    = redistest.Group
	consumer = redistest.Consumer
)

var (
	at     = time.Date(2026, 11, 22, 10, 0, 0, 123e6, time.UTC)
	keysOf = redis.NewKeys(stream)
)

// process is one process on a Redis under test: the Sources of its terms share its Poison.
type process struct {
	*redistest.Fixture
	poison Poison
}

func mini(t *testing.T) *process {
	t.Helper()
	return &process{Fixture: redistest.Mini(t)}
}

// connect starts another process on the same Redis.
func connect(t *testing.T, addr string) *process {
	t.Helper()
	return &process{Fixture: redistest.Connect(t, addr)}
}

// source is the Source of a new term.
func (p *process) source() *Source {
	return New(p.Client, Options{
		Stream: stream, Group: group, Consumer: consumer, Poison: &p.poison, Block: 50 * time.Millisecond, Logger: p.Logger(),
	})
}

// journal is a Journal whose term has begun.
func (p *process) journal(t *testing.T) *records.Journal {
	t.Helper()
	j := records.New(p.Client, records.Options{
		Stream: stream, Group: group, RecordTTL: time.Hour, Owner: records.Owner{Namespace: "ci", Instance: "ottoscaler"},
		Logger: slog.New(slog.DiscardHandler),
	})
	if _, err := j.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	return j
}

// read reads n entries, in as many reads as it takes.
func read(t *testing.T, s *Source, n int) []worker.Entry {
	t.Helper()
	var all []worker.Entry
	for range 200 {
		entries, err := s.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, entries...); len(all) >= n {
			return all
		}
	}
	t.Fatalf("only %d entries came, want %d", len(all), n)
	return nil
}

func nothing(t *testing.T, s *Source) {
	t.Helper()
	for range 2 {
		if entries, err := s.Read(t.Context()); err != nil || len(entries) != 0 {
			t.Fatalf("read %v, %v; want nothing", ids(entries), err)
		}
	}
}

func ids(entries []worker.Entry) []string {
	var all []string
	for _, e := range entries {
		all = append(all, e.ID.String())
	}
	return all
}
