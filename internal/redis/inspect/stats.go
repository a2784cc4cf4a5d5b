package inspect

import (
	"context"
	"errors"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
)

// Stats are the counts of a stream and one of its consumer groups. No entry is read for them.
type Stats struct {
	Length  int64
	Pending int64    // delivered to the group and not acknowledged
	Oldest  event.ID // of the pending entries; zero: none
	Lag     int64    // not delivered to the group yet; -1: Redis cannot say, or there is no group
	Dead    int64    // dead letters
}

// ReadStats reads them in one round trip. A missing stream or group is no error.
func ReadStats(ctx context.Context, client *redis.Client, stream, group string) (Stats, error) {
	var length, dead *goredis.IntCmd
	var pending *goredis.XPendingCmd
	var groups *goredis.XInfoGroupsCmd
	_, _ = client.Commands().Pipelined(ctx, func(p goredis.Pipeliner) error { // each command has its error
		length, dead = p.XLen(ctx, stream), p.XLen(ctx, redis.NewKeys(stream).Dead())
		pending, groups = p.XPending(ctx, stream, group), p.XInfoGroups(ctx, stream)
		return nil
	})
	s := Stats{Length: length.Val(), Dead: dead.Val(), Lag: -1}
	found, exists, err := redis.FindGroup(groups, group)
	if err = errors.Join(length.Err(), dead.Err(), err); err != nil || !exists {
		return s, client.Wrap("reading the counts of "+stream, err)
	}
	if err := pending.Err(); err != nil {
		return s, client.Wrap("reading the pending list of "+stream, err)
	}
	s.Lag, s.Pending = found.Lag, pending.Val().Count
	if s.Pending > 0 {
		s.Oldest, err = event.ParseID(pending.Val().Lower)
	}
	return s, err
}
