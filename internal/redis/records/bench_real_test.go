//go:build real

package records

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// BenchmarkCommit measures a batch of one: what the next event of an idle stream waits for.
func BenchmarkCommit(b *testing.B) {
	client, err := redis.NewClient(redis.Options{Addr: redistest.Start(b).Addr})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	j := New(client, options())
	if _, err := j.Begin(b.Context()); err != nil {
		b.Fatal(err)
	}
	batch := []worker.Write{worker.Settle{ID: theID, TaskID: "task-123", At: at}}
	for b.Loop() {
		if err := j.Commit(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
}
