package workertest

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestInMemoryRecords(t *testing.T) {
	TestRecords(t, func(*testing.T) Records {
		r := NewRedis()
		return Records{Journal: r, Source: func() worker.Source { return r.Source() }, Add: r.Add}
	})
}
