package redis

import (
	"context"
	"fmt"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Stories is what the status stream still has of each of these events, in one pass over it. The IDs are in their order.
func (r *Reader) Stories(ctx context.Context, ids []event.ID) (map[event.ID][]Said, error) {
	all := make(map[event.ID][]Said, len(ids))
	if len(ids) == 0 {
		return all, nil
	}
	wanted := make(map[string]event.ID, len(ids))
	for _, id := range ids {
		wanted[id.String()] = id
	}
	err := r.walk(ctx, ids[0].Ms, func(s Said) {
		if id, is := wanted[s.Fields["event_id"]]; is {
			all[id] = append(all[id], s)
		}
	})
	return all, err
}

// Since is what the status stream says from a time on, on Redis' clock, of what is wanted.
func (r *Reader) Since(ctx context.Context, from time.Time, wanted func(Said) bool) ([]Said, error) {
	var all []Said
	err := r.walk(ctx, uint64(max(0, from.UnixMilli())), func(s Said) {
		if wanted(s) {
			all = append(all, s)
		}
	})
	return all, err
}

// walk shows each entry of the status stream from a millisecond on.
func (r *Reader) walk(ctx context.Context, ms uint64, each func(Said)) error {
	for from := fmt.Sprintf("%d-0", ms); ; {
		page, err := r.client.commands.XRangeN(ctx, r.keys.Status(), from, "+", readPage).Result()
		if err != nil {
			return r.client.wrap("reading the status stream", err)
		}
		for _, m := range page {
			each(Said{m.ID, flat(m.Values)})
			from = "(" + m.ID
		}
		if len(page) < readPage {
			return nil
		}
	}
}
