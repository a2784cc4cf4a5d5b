package redis

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/worker"
	"github.com/ottoscaler/ottoscaler/internal/worker/workertest"
)

func TestConformance(t *testing.T) { testConformance(t, mini) }

func testConformance(t *testing.T, start func(*testing.T) *place) {
	workertest.TestRecords(t, func(t *testing.T) workertest.Records {
		p := start(t)
		return workertest.Records{
			Journal: p.begun(t),
			Source:  func() worker.Source { return p.source() },
			Add: func(id worker.ID, pairs ...string) {
				args := []any{"XADD", stream, id.String()}
				for _, s := range pairs {
					args = append(args, s)
				}
				p.do(t, args...)
			},
		}
	})
}
