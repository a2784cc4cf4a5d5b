package redis

import (
	"bytes"
	"context"
	"slices"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// takeOver claims the entries of a page that other consumers hold, without raising their delivery counts. XCLAIM drops
// an entry that was deleted from the stream from the pending list without a word, so those are found first and left
// where they are: they can be acknowledged whoever holds them.
func (s *Source) takeOver(ctx context.Context, page []pending) error {
	var held []string
	for _, p := range page {
		if p.consumer != s.opts.Consumer {
			held = append(held, p.id.String())
		}
	}
	if len(held) == 0 {
		return nil
	}
	there, err := s.inStream(ctx, held)
	if err != nil {
		return err
	}
	var claimed []string
	if len(there) > 0 {
		claimed, err = s.client.reads.XClaimJustID(ctx, &goredis.XClaimArgs{
			Stream: s.keys.Stream, Group: s.opts.Group, Consumer: s.opts.Consumer, Messages: there,
		}).Result()
	}
	if err != nil {
		return err
	}
	s.opts.Logger.Info("entries of other consumers taken over", "stream", s.keys.Stream, "entries", len(claimed),
		"deleted", len(held)-len(claimed))
	return markGone(page, held, claimed)
}

// markGone marks those that were held and could not be claimed.
func markGone(page []pending, held, claimed []string) error {
	ours := make(map[string]bool, len(claimed))
	for _, id := range claimed {
		ours[id] = true
	}
	gone := slices.DeleteFunc(held, func(id string) bool { return ours[id] })
	for _, text := range gone {
		id, err := event.ParseID(text)
		if err != nil {
			return err
		}
		i, _ := slices.BinarySearchFunc(page, id, func(p pending, id event.ID) int { return p.id.Compare(id) })
		page[i].how = readGone
	}
	return nil
}

// inStream returns those of the IDs whose entries the stream still has. Their bodies come over the wire, but nothing of
// them is kept.
func (s *Source) inStream(ctx context.Context, ids []string) ([]string, error) {
	replies, cmds := make([]head, len(ids)), make([]*goredis.RawWriteToCmd, len(ids))
	_, _ = s.client.reads.Pipelined(ctx, func(p goredis.Pipeliner) error { // each command has its error
		for i, id := range ids {
			cmds[i] = goredis.NewRawWriteToCmd(ctx, &replies[i], "XRANGE", s.keys.Stream, id, id)
			_ = p.Process(ctx, cmds[i])
		}
		return nil
	})
	var there []string
	for i, id := range ids {
		err := cmds[i].Err()
		if err == nil {
			err = replies[i].err()
		}
		if err != nil {
			return nil, err
		}
		if !bytes.HasPrefix(replies[i].kept, []byte("*0\r\n")) {
			there = append(there, id)
		}
	}
	return there, nil
}
