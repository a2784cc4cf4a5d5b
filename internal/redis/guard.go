package redis

import (
	"context"
	"slices"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	patience = 5 * time.Second // how long reading rests for an entry at most
	minPoll  = time.Millisecond
	maxPoll  = 100 * time.Millisecond
)

// guard makes reading rest until these entries were dealt with: when one of them ends the process, none that came after
// it has a part in it.
func (s *Source) guard(entries []worker.Entry) {
	s.guarded, s.guardUntil = nil, time.Now().Add(s.patience)
	for _, e := range entries {
		s.guarded = append(s.guarded, e.ID)
	}
}

// rest reports whether reading may go on; else a read's time has passed.
func (s *Source) rest(ctx context.Context) (bool, error) {
	end := time.Now().Add(s.opts.Block)
	for poll := minPoll; len(s.guarded) > 0 && time.Now().Before(s.guardUntil); poll = min(2*poll, maxPoll) {
		if err := s.checkGuarded(ctx); err != nil {
			return false, err
		}
		if len(s.guarded) > 0 && (time.Now().After(end) || !pause(ctx, poll)) {
			return false, nil
		}
	}
	s.guarded = nil
	return true, nil
}

// checkGuarded drops those that have a record or are acknowledged.
func (s *Source) checkGuarded(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	recorded, err := s.recorded(ctx, s.guarded)
	if err != nil {
		return err
	}
	unrecorded := slices.DeleteFunc(slices.Clone(s.guarded), recorded.has)
	cmds := make([]*goredis.XPendingExtCmd, len(unrecorded))
	if len(cmds) > 0 {
		_, err = s.client.reads.Pipelined(ctx, func(p goredis.Pipeliner) error {
			for i, id := range unrecorded {
				cmds[i] = p.XPendingExt(ctx, &goredis.XPendingExtArgs{
					Stream: s.keys.Stream, Group: s.opts.Group, Start: id.String(), End: id.String(), Count: 1,
				})
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
