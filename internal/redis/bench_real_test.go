//go:build real

package redis

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// BenchmarkCommit is the round trips of a batch of one: what an idle stream's next event waits for.
func BenchmarkCommit(b *testing.B) {
	client, err := NewClient(Options{Addr: redistest.Start(b).Addr})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	j := NewJournal(client, journalOptions())
	if _, _, err := j.Begin(b.Context()); err != nil {
		b.Fatal(err)
	}
	batch := []worker.Write{worker.Settle{ID: theID, TaskID: "task-123", At: at}}
	for b.Loop() {
		if err := j.Commit(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
}
