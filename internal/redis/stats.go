package redis

import (
	"context"
	"errors"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// Stats is how a stream stands with one consumer group. No entry's body is read for it.
type Stats struct {
	Length  int64
	Pending int64    // delivered to the group and not acknowledged
	Oldest  event.ID // of these; zero: none
	Lag     int64    // not delivered to the group yet; -1: Redis cannot say, or there is no group
	Dead    int64    // dead letters
}

// Stats asks how things stand. No stream and no group are no error.
func (c *Client) Stats(ctx context.Context, stream, group string) (Stats, error) {
	var length, dead *goredis.IntCmd
	var pending *goredis.XPendingCmd
	var groups *goredis.XInfoGroupsCmd
	_, _ = c.commands.Pipelined(ctx, func(p goredis.Pipeliner) error { // each command has its error
		length, dead = p.XLen(ctx, stream), p.XLen(ctx, NewKeys(stream).Dead())
		pending, groups = p.XPending(ctx, stream, group), p.XInfoGroups(ctx, stream)
		return nil
	})
	s := Stats{Length: length.Val(), Dead: dead.Val(), Lag: -1}
	found, grouped, err := findGroup(groups, group)
	if err = errors.Join(length.Err(), dead.Err(), err); err != nil || !grouped {
		return s, c.wrap("asking how "+stream+" stands", err)
	}
	if err := pending.Err(); err != nil {
		return s, c.wrap("asking what of "+stream+" is pending", err)
	}
	s.Lag, s.Pending = found.Lag, pending.Val().Count
	if s.Pending > 0 {
		s.Oldest, err = event.ParseID(pending.Val().Lower)
	}
	return s, err
}
