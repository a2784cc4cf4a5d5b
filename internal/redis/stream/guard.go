package stream

import (
	"context"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/retry"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	guardLimit = 5 * time.Second // how long reading pauses for an entry at most
	minPoll    = time.Millisecond
	maxPoll    = 100 * time.Millisecond
)

// guard pauses reading until these entries are recorded or acknowledged: if one of them crashes the process, none of the
// entries after it is suspected.
func (s *Source) guard(entries []worker.Entry) {
	s.guarded, s.guardUntil = nil, time.Now().Add(s.guardLimit)
	for _, e := range entries {
		s.guarded = append(s.guarded, e.ID)
	}
}

// awaitGuarded reports whether reading may continue; false: the time of one read has passed.
func (s *Source) awaitGuarded(ctx context.Context) (bool, error) {
	end := time.Now().Add(s.opts.Block)
	for poll := minPoll; len(s.guarded) > 0 && time.Now().Before(s.guardUntil); poll = min(2*poll, maxPoll) {
		if err := s.checkGuarded(ctx); err != nil {
			return false, err
		}
		if len(s.guarded) > 0 && (time.Now().After(end) || !retry.Sleep(ctx, poll)) {
			return false, nil
		}
	}
	s.guarded = nil
	return true, nil
}

// checkGuarded drops the entries that have a record or are acknowledged.
func (s *Source) checkGuarded(ctx context.Context) error {
	ctx, cancel := finishing(ctx)
	defer cancel()
	recorded, err := s.recorded(ctx, s.guarded)
	if err != nil {
		return err
	}
	unrecorded := slices.DeleteFunc(slices.Clone(s.guarded), recorded.has)
	cmds := make([]*goredis.XPendingExtCmd, len(unrecorded))
	if len(cmds) > 0 {
		_, err = s.client.Reads().Pipelined(ctx, func(p goredis.Pipeliner) error {
			for i, id := range unrecorded {
				cmds[i] = p.XPendingExt(ctx, s.pendingRange(id, id, 1))
			}
			return nil
		})
	}
	if err != nil {
		return err
	}
	s.guarded = nil
	for i, cmd := range cmds {
		if len(cmd.Val()) > 0 {
			s.guarded = append(s.guarded, unrecorded[i])
		}
	}
	return nil
}
