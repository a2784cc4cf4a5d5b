package redis

import (
	"context"
	"fmt"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// groupIsGone: it, or its stream, does not exist; the second code answers a read that was blocked at that moment.
func groupIsGone(err error) bool { return replied(err, "NOGROUP") || replied(err, "UNBLOCKED") }

// createGroup lets the group begin after what was taken in before, at the mark, so that a group that vanished brings
// back no old entry; without a mark at the beginning, so that what was sent before our first start counts. A stream
// that vanished as well is not made anew: a mark of the old one would keep its entries from being read.
func (s *Source) createGroup(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	mark, err := s.checkMark(ctx)
	if err != nil {
		return s.client.wrap("creating group "+s.opts.Group+" on "+s.keys.Stream, err)
	}
	create := s.client.commands.XGroupCreate
	if mark.IsZero() {
		create = s.client.commands.XGroupCreateMkStream
	}
	err = create(ctx, s.keys.Stream, s.opts.Group, start(mark)).Err()
	if err != nil && !replied(err, "BUSYGROUP") {
		return s.client.wrap("creating group "+s.opts.Group+" on "+s.keys.Stream, err)
	}
	s.opts.Logger.Info("consumer group created", "stream", s.keys.Stream, "group", s.opts.Group, "start", start(mark))
	return nil
}

// start is never `$`, which would skip what was sent before.
func start(mark event.ID) string {
	if mark.IsZero() {
		return "0"
	}
	return mark.String()
}

// checkStream finds out whether somebody has put another stream in the place of ours, group and all. A group that stands
// below the mark is the sign of it, and cheap to see; the stream itself then says for certain.
func (s *Source) checkStream(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	var value *goredis.StringCmd
	var groups *goredis.XInfoGroupsCmd
	_, _ = s.client.reads.Pipelined(ctx, func(p goredis.Pipeliner) error { // each command has its error
		value, groups = p.Get(ctx, s.keys.Mark()), p.XInfoGroups(ctx, s.keys.Stream)
		return nil
	})
	mark, err := decodeMark(s.keys.Mark(), value)
	if err != nil {
		return err
	}
	group, found, err := findGroup(groups, s.opts.Group)
	if err != nil || !found {
		return err // the next read will miss it
	}
	at, err := parsePlace(group.LastDeliveredID)
	if err == nil && at.Compare(mark) < 0 {
		_, err = s.checkMark(ctx)
	}
	return err
}

// checkMark returns the mark, and worker.ErrStreamReplaced when the stream counts from below it.
func (s *Source) checkMark(ctx context.Context) (event.ID, error) {
	var value *goredis.StringCmd
	var highest func() (event.ID, error)
	_, _ = s.client.reads.Pipelined(ctx, func(p goredis.Pipeliner) error { // each command has its error
		value, highest = p.Get(ctx, s.keys.Mark()), lastID(ctx, p, s.keys.Stream)
		return nil
	})
	mark, err := decodeMark(s.keys.Mark(), value)
	if err != nil {
		return event.ID{}, err
	}
	last, err := highest()
	if err == nil && last.Compare(mark) < 0 {
		err = fmt.Errorf("%w: it has come to %s, and %s was taken in before", worker.ErrStreamReplaced, last, mark)
	}
	return mark, err
}

// parsePlace reads where a group stands. Redis itself always says both parts.
func parsePlace(text string) (event.ID, error) {
	if text == "0" {
		return event.ID{}, nil
	}
	return event.ParseID(text)
}
