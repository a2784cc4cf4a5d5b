package stream

import (
	"context"
	"fmt"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// groupMissing reports whether the group or its stream does not exist; the second code ends a read that was blocked when
// they were deleted.
func groupMissing(err error) bool {
	return redis.Replied(err, "NOGROUP") || redis.Replied(err, "UNBLOCKED")
}

// createGroup starts the group after the last accepted entry, so that a group that vanished does not deliver old entries
// again; without one at the beginning, so that entries from before the first start count. A stream that vanished as well
// is not created: its entries would count from below the last accepted ID and never be read.
func (s *Source) createGroup(ctx context.Context) error {
	ctx, cancel := finishing(ctx)
	defer cancel()
	lastAccepted, err := s.checkLastAccepted(ctx)
	if err != nil {
		return s.client.Wrap("creating group "+s.opts.Group+" on "+s.keys.Stream, err)
	}
	create, start := s.client.Commands().XGroupCreate, redis.GroupStart(lastAccepted)
	if lastAccepted.IsZero() {
		create = s.client.Commands().XGroupCreateMkStream
	}
	err = create(ctx, s.keys.Stream, s.opts.Group, start).Err()
	if err != nil && !redis.Replied(err, "BUSYGROUP") {
		return s.client.Wrap("creating group "+s.opts.Group+" on "+s.keys.Stream, err)
	}
	s.opts.Logger.Info("consumer group created", "stream", s.keys.Stream, "group", s.opts.Group, "start", start)
	return nil
}

// checkStream finds out whether the stream was replaced together with its group. A group whose position is below the last
// accepted ID is a sign of it that costs little to see; only then the stream itself is asked.
func (s *Source) checkStream(ctx context.Context) error {
	ctx, cancel := finishing(ctx)
	defer cancel()
	var value *goredis.StringCmd
	var groups *goredis.XInfoGroupsCmd
	_, _ = s.client.Reads().Pipelined(ctx, func(p goredis.Pipeliner) error { // each command has its error
		value, groups = p.Get(ctx, s.keys.LastAcceptedID()), p.XInfoGroups(ctx, s.keys.Stream)
		return nil
	})
	lastAccepted, err := redis.DecodeID(s.keys.LastAcceptedID(), value)
	if err != nil {
		return err
	}
	group, found, err := redis.FindGroup(groups, s.opts.Group)
	if err != nil || !found {
		return err // without a group the next read fails with NOGROUP
	}
	position, err := redis.ParseGroupPosition(group.LastDeliveredID)
	if err == nil && position.Compare(lastAccepted) < 0 {
		_, err = s.checkLastAccepted(ctx)
	}
	return err
}

// checkLastAccepted returns the last accepted ID, and worker.ErrStreamReplaced when the stream's own last ID is below it.
func (s *Source) checkLastAccepted(ctx context.Context) (event.ID, error) {
	var value *goredis.StringCmd
	var generated func() (event.ID, error)
	_, _ = s.client.Reads().Pipelined(ctx, func(p goredis.Pipeliner) error { // each command has its error
		value, generated = p.Get(ctx, s.keys.LastAcceptedID()), redis.LastGeneratedID(ctx, p, s.keys.Stream)
		return nil
	})
	lastAccepted, err := redis.DecodeID(s.keys.LastAcceptedID(), value)
	if err != nil {
		return event.ID{}, err
	}
	last, err := generated()
	if err == nil && last.Compare(lastAccepted) < 0 {
		err = fmt.Errorf("%w: its last ID is %s, and %s was accepted before", worker.ErrStreamReplaced, last, lastAccepted)
	}
	return lastAccepted, err
}
