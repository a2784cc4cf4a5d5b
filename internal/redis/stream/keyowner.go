package stream

import (
	"context"
	"errors"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// fillKeyOwners looks up which events own the entries' idempotency keys. It runs after the read that returned them, so
// that every owner from before that read is seen. A key that is too long is rejected anyway, and not looked up.
func (s *Source) fillKeyOwners(ctx context.Context, entries []worker.Entry) error {
	cmds := make(map[int]*goredis.StringCmd)
	_, _ = s.client.Commands().Pipelined(ctx, func(p goredis.Pipeliner) error { // each command has its error
		for i, e := range entries {
			if key := e.Fields[event.FieldIdempotencyKey]; key != "" && len(key) <= event.MaxIdempotencyKey {
				cmds[i] = p.Get(ctx, s.keys.Idempotency(key))
			}
		}
		return nil
	})
	for i, cmd := range cmds {
		if err := s.fillKeyOwner(&entries[i], cmd); err != nil {
			return err
		}
	}
	return nil
}

// fillKeyOwner takes a value that no Journal wrote as no owner: the entry is then accepted and overwrites it.
func (s *Source) fillKeyOwner(e *worker.Entry, cmd *goredis.StringCmd) error {
	value, err := cmd.Result()
	var owner redis.KeyOwner
	switch {
	case errors.Is(err, goredis.Nil):
		return nil
	case err == nil:
		owner, err = redis.DecodeKeyOwner(value)
	case !redis.Replied(err, "WRONGTYPE"):
		return err
	}
	if err != nil {
		errcode.Warn(s.opts.Logger, errcode.IdempotencyKeyInvalid, "event_id", e.ID.String(), "error", err)
		return nil
	}
	e.KeyOwner, e.KeyHash = owner.Event, owner.Hash
	return nil
}
