package records

import (
	"context"
	"errors"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Kept is a record with what only people ask for.
type Kept struct {
	worker.Record

	SettledAt, ClosedAt time.Time // ms; zero: it is not, or that is not known
}

// FindAll returns the records of events in one round trip, in the order of the IDs. Where there is none, or none that can be
// read, it has nil. Package inspect shows them to people.
func (j *Journal) FindAll(ctx context.Context, ids []event.ID) ([]*Kept, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	reads := make([]recordRead, len(ids))
	_, _ = j.client.Commands().Pipelined(ctx, func(p goredis.Pipeliner) error { // each command has its error
		for i, id := range ids {
			reads[i] = j.read(ctx, p, id)
		}
		return nil
	})
	all := make([]*Kept, len(ids))
	for i, id := range ids {
		record, err := j.decode(id, reads[i])
		if err != nil && !errors.Is(err, worker.ErrUnreadable) {
			return nil, err
		}
		if record == nil {
			continue
		}
		fields := reads[i].fields.Val()
		all[i] = &Kept{Record: *record, SettledAt: parseStamp(fields["settled"]), ClosedAt: parseStamp(fields["closed"])}
	}
	return all, nil
}

// parseStamp is zero for what is no time.
func parseStamp(s string) time.Time {
	t, _ := time.Parse(stampLayout, s) // what failed is zero
	return t
}
