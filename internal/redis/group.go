package redis

import (
	"context"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// groupIsGone: it, or its stream, does not exist; the second code answers a read that was blocked at that moment.
func groupIsGone(err error) bool { return replied(err, "NOGROUP") || replied(err, "UNBLOCKED") }

// createGroup lets the group begin after what was taken in before, at the mark, so that a group that vanished brings
// back no old entry; without a mark at the beginning, so that what was sent before our first start counts.
func (s *Source) createGroup(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	mark, err := decodeMark(s.keys.Mark(), s.client.commands.Get(ctx, s.keys.Mark()))
	if err != nil {
		return s.client.wrap("reading the mark", err)
	}
	err = s.client.commands.XGroupCreateMkStream(ctx, s.keys.Stream, s.opts.Group, start(mark)).Err()
	if err != nil && !replied(err, "BUSYGROUP") {
		return s.client.wrap("creating group "+s.opts.Group+" on "+s.keys.Stream, err)
	}
	s.opts.Logger.Info("consumer group created", "stream", s.keys.Stream, "group", s.opts.Group, "start", start(mark))
	return nil
}

// start is never `$`, which would skip what was sent before.
func start(mark worker.ID) string {
	if mark.IsZero() {
		return "0"
	}
	return mark.String()
}
