package stream

import (
	"context"
	"slices"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
)

// claim claims the entries of a page that other consumers hold, without raising their delivery counts. XCLAIM silently
// drops an entry that was deleted from the stream from the pending list, so those are found first and left where they
// are: they can be acknowledged whoever holds them.
func (s *Source) claim(ctx context.Context, page []pending) error {
	var held []string
	for _, p := range page {
		if p.consumer != s.opts.Consumer {
			held = append(held, p.id.String())
		}
	}
	if len(held) == 0 {
		return nil
	}
	existing, err := s.inStream(ctx, held)
	if err != nil {
		return err
	}
	var claimed []string
	if len(existing) > 0 {
		claimed, err = s.client.Reads().XClaimJustID(ctx, &goredis.XClaimArgs{
			Stream: s.keys.Stream, Group: s.opts.Group, Consumer: s.opts.Consumer, Messages: existing,
		}).Result()
	}
	if err != nil {
		return err
	}
	s.opts.Logger.Info("entries of other consumers claimed", "stream", s.keys.Stream, "entries", len(claimed),
		"deleted", len(held)-len(claimed))
	return setDeleted(page, held, claimed)
}

// setDeleted sets the mode of the entries that were held and could not be claimed.
func setDeleted(page []pending, held, claimed []string) error {
	ours := make(map[string]bool, len(claimed))
	for _, id := range claimed {
		ours[id] = true
	}
	deleted := slices.DeleteFunc(held, func(id string) bool { return ours[id] })
	for _, s := range deleted {
		id, err := event.ParseID(s)
		if err != nil {
			return err
		}
		i, _ := slices.BinarySearchFunc(page, id, func(p pending, id event.ID) int { return p.id.Compare(id) })
		page[i].mode = readDeleted
	}
	return nil
}

// inStream returns those of the IDs whose entries are still in the stream. The entries come over the wire, but nothing of
// them is kept.
func (s *Source) inStream(ctx context.Context, ids []string) ([]string, error) {
	replies, cmds := make([]redis.PrefixWriter, len(ids)), make([]*goredis.RawWriteToCmd, len(ids))
	_, _ = s.client.Reads().Pipelined(ctx, func(p goredis.Pipeliner) error { // each command has its error
		for i, id := range ids {
			cmds[i] = goredis.NewRawWriteToCmd(ctx, &replies[i], "XRANGE", s.keys.Stream, id, id)
			_ = p.Process(ctx, cmds[i])
		}
		return nil
	})
	var existing []string
	for i, id := range ids {
		err := cmds[i].Err()
		if err == nil {
			err = replies[i].Err()
		}
		if err != nil {
			return nil, err
		}
		if !replies[i].EmptyArray() {
			existing = append(existing, id)
		}
	}
	return existing, nil
}
