package inspect

import (
	"context"
	"errors"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
)

// Bounds are where the status stream begins and ends.
type Bounds struct {
	First event.ID // of the oldest entry that is kept; zero: none is
	Last  event.ID // the highest ID that it ever had; zero: there was no entry yet
}

// Bounds reads them in one round trip.
func (r *Reader) Bounds(ctx context.Context) (b Bounds, err error) {
	pipe := r.client.Commands().Pipeline()
	last, first := redis.LastGeneratedID(ctx, pipe, r.keys.Status()), pipe.XRangeN(ctx, r.keys.Status(), "-", "+", 1)
	_, _ = pipe.Exec(ctx) // each command has its error
	b.Last, err = last()
	if err = errors.Join(err, first.Err()); err != nil {
		return b, r.client.Wrap("reading the bounds of the status stream", err)
	}
	for _, m := range first.Val() {
		if b.First, err = event.ParseID(m.ID); err != nil {
			return b, r.client.Wrap("reading the bounds of the status stream", err)
		}
	}
	if b.Last.Compare(b.First) < 0 {
		b.Last = b.First
	}
	return b, nil
}

// After returns the status entries after an ID, the oldest first, at most n; none is no error.
func (r *Reader) After(ctx context.Context, id event.ID, n int) ([]StatusEntry, error) {
	page, err := r.client.Commands().XRangeN(ctx, r.keys.Status(), "("+id.String(), "+", int64(n)).Result()
	return newStatusEntries(page), r.client.Wrap("reading the status stream", err)
}

// Next waits up to two seconds for status entries after an ID; none is no error. Calls wait for each other: a process has one
// reader that follows.
func (r *Reader) Next(ctx context.Context, id event.ID) ([]StatusEntry, error) {
	reading, cancel := context.WithTimeout(ctx, followBlock+redis.ReplyTimeout)
	defer cancel()
	streams, err := r.client.Reads().XRead(reading, &goredis.XReadArgs{
		Streams: []string{r.keys.Status(), id.String()}, Count: readPage, Block: followBlock,
	}).Result()
	if errors.Is(err, goredis.Nil) || err == nil && len(streams) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, r.client.Wrap("following the status stream", err)
	}
	return newStatusEntries(streams[0].Messages), nil
}

func newStatusEntries(page []goredis.XMessage) []StatusEntry {
	all := make([]StatusEntry, 0, len(page))
	for _, m := range page {
		all = append(all, newStatusEntry(m))
	}
	return all
}
