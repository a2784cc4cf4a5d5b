package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// maxIdempotencyKey: a longer one is rejected anyway, and is not looked up.
const maxIdempotencyKey = 128

func encodeHolder(id event.ID, hash string) string { return id.String() + " " + hash }

func decodeHolder(value string) (id event.ID, hash string, err error) {
	text, hash, _ := strings.Cut(value, " ")
	id, err = event.ParseID(text)
	if err == nil && (hash == "" || len(hash) > 128) {
		err = fmt.Errorf("%q: want <entry ID> <hash>", clip(value, 64))
	}
	return id, hash, err
}

// fillHolders looks up who holds the entries' idempotency keys. It runs after the read that returned them: whoever
// took a key before that read is seen.
func (s *Source) fillHolders(ctx context.Context, entries []worker.Entry) error {
	cmds := make(map[int]*goredis.StringCmd)
	_, _ = s.client.commands.Pipelined(ctx, func(p goredis.Pipeliner) error { // each command has its error
		for i, e := range entries {
			if key := e.Fields[event.FieldIdempotencyKey]; key != "" && len(key) <= maxIdempotencyKey {
				cmds[i] = p.Get(ctx, s.keys.Idempotency(key))
			}
		}
		return nil
	})
	for i, cmd := range cmds {
		if err := s.fillHolder(&entries[i], cmd); err != nil {
			return err
		}
	}
	return nil
}

// fillHolder treats a value that no Journal wrote as nobody's: the entry is then taken in and overwrites it.
func (s *Source) fillHolder(e *worker.Entry, cmd *goredis.StringCmd) error {
	value, err := cmd.Result()
	switch {
	case errors.Is(err, goredis.Nil):
		return nil
	case err == nil:
		e.KeyOwner, e.KeyHash, err = decodeHolder(value)
	case !replied(err, "WRONGTYPE"):
		return err
	}
	if err != nil {
		e.KeyOwner, e.KeyHash = event.ID{}, ""
		s.opts.Logger.Warn("idempotency key ignored", "event_id", e.ID.String(), "error", err)
	}
	return nil
}
