package redis

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
	"github.com/ottoscaler/ottoscaler/internal/worker/workertest"
)

func TestConformance(t *testing.T) { testConformance(t, mini) }

func testConformance(t *testing.T, start func(*testing.T) *place) {
	workertest.TestRecords(t, func(t *testing.T) workertest.Records { return records(t, start(t)) })
}

func records(t *testing.T, p *place) workertest.Records {
	return workertest.Records{
		Journal: p.begun(t),
		Another: func() worker.Journal { return p.journal() },
		Process: func(consumer string) func() worker.Source {
			process := newPlace(t, p.addr)
			return func() worker.Source { return process.sourceAs(consumer) }
		},
		Add: func(id event.ID, pairs ...string) {
			args := []any{"XADD", stream, id.String()}
			for _, s := range pairs {
				args = append(args, s)
			}
			p.do(t, args...)
		},
		Delete: func(id event.ID) { p.do(t, "XDEL", stream, id.String()) },
		Drop:   func() { p.do(t, "DEL", stream) },
		Flush:  func() { p.do(t, "FLUSHALL") },
	}
}
