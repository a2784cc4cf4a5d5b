package records

import (
	"context"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// maxClockName bounds the names that are read back: the longest one of ours is a Pod's, with its kind.
const maxClockName = 512

// Clocks implements worker.Journal. What is not as setClock writes it is logged and left out: it only costs patience.
func (j *Journal) Clocks(ctx context.Context) (map[string]time.Time, error) {
	fields, err := j.client.Commands().HGetAll(ctx, j.keys.Clocks()).Result()
	if err != nil {
		return nil, j.client.Wrap("reading "+j.keys.Clocks(), err)
	}
	clocks := make(map[string]time.Time, len(fields))
	for name, value := range fields {
		if ms, ok := number(value, maxStamp); ok && len(name) <= maxClockName {
			clocks[name] = time.UnixMilli(ms).UTC()
		}
	}
	if invalid := len(fields) - len(clocks); invalid > 0 {
		errcode.Warn(j.opts.Logger, errcode.ClockInvalid, "key", j.keys.Clocks(), "fields", invalid)
	}
	return clocks, nil
}

func (t *transaction) setClock(c worker.Clock) {
	if c.At.IsZero() {
		t.pipe.HDel(t.ctx, t.keys.Clocks(), c.Name)
		return
	}
	t.pipe.HSet(t.ctx, t.keys.Clocks(), c.Name, c.At.UnixMilli())
}
