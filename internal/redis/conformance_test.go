package redis_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/control"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/redis/stream"
	"github.com/ottoscaler/ottoscaler/internal/worker"
	"github.com/ottoscaler/ottoscaler/internal/worker/workertest"
)

func TestConformance(t *testing.T) {
	workertest.TestRecords(t, func(t *testing.T) workertest.Records { return newRecords(t, redistest.Mini(t)) })
}

func newRecords(t *testing.T, f *redistest.Fixture) workertest.Records {
	t.Helper()
	journal := newJournal(f)
	if _, err := journal.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	return workertest.Records{
		Journal: journal,
		Another: func() worker.Journal { return newJournal(f) },
		Process: func(consumer string) func() worker.Source { return newProcess(redistest.Connect(t, f.Addr), consumer) },
		Add: func(id event.ID, pairs ...string) {
			args := []any{"XADD", redistest.Stream, id.String()}
			for _, s := range pairs {
				args = append(args, s)
			}
			f.Do(t, args...)
		},
		Delete: func(id event.ID) { f.Do(t, "XDEL", redistest.Stream, id.String()) },
		Drop:   func() { f.Do(t, "DEL", redistest.Stream) },
		Flush:  func() { f.Do(t, "FLUSHALL") },
		Controls: func() worker.Controls {
			return control.New(f.Client, redistest.Stream, slog.New(slog.DiscardHandler))
		},
		Send: func(cmd worker.Command) event.ID {
			id, err := control.Send(t.Context(), f.Client, redistest.Stream, cmd)
			if err != nil {
				t.Fatal(err)
			}
			return id
		},
		Forget: func(id event.ID) { f.Do(t, "DEL", redis.NewKeys(redistest.Stream).Event(id)) },
	}
}

func newJournal(f *redistest.Fixture) *records.Journal {
	return records.New(f.Client, records.Options{
		Stream: redistest.Stream, Group: redistest.Group, RecordTTL: time.Hour,
		Owner: records.Owner{Namespace: "ci", Instance: "ottoscaler"}, Logger: slog.New(slog.DiscardHandler),
	})
}

// newProcess returns the Sources of the terms of one process.
func newProcess(f *redistest.Fixture, consumer string) func() worker.Source {
	poison := new(stream.Poison)
	return func() worker.Source {
		return stream.New(f.Client, stream.Options{
			Stream: redistest.Stream, Group: redistest.Group, Consumer: consumer, Poison: poison,
			Block: 50 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
		})
	}
}
