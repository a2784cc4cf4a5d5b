package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// ErrConflict is what Transact returns when a watched key changed before the EXEC: nothing was written. The callers
// translate it, since only they know what the change means.
var ErrConflict = errors.New("a watched key changed; nothing was written")

// Transact sends, on one connection and in two round trips, WATCH of the keys with the reads that lookup adds, and then,
// unless what lookup returned fails, the MULTI that queue fills. Package records writes everything with it, package
// inspect redrives dead letters with it.
func (c *Client) Transact(
	ctx context.Context, keys []string, lookup func(goredis.Pipeliner) func() error, queue func(goredis.Pipeliner) error,
) error {
	conn := c.commands.Conn()
	defer func() { _ = conn.Close() }()
	if err := watch(ctx, conn, keys, lookup); err != nil {
		_ = conn.Do(ctx, "UNWATCH").Err() // the connection goes back to the pool
		return err
	}
	pipe := conn.TxPipeline()
	if err := queue(pipe); err != nil {
		_ = conn.Do(ctx, "UNWATCH").Err()
		return err
	}
	cmds, err := pipe.Exec(ctx)
	if errors.Is(err, goredis.TxFailedErr) {
		return ErrConflict
	}
	return firstError(cmds, err)
}

func watch(ctx context.Context, conn *goredis.Conn, keys []string, lookup func(goredis.Pipeliner) func() error) error {
	args := []any{"WATCH"}
	for _, k := range keys {
		args = append(args, k)
	}
	pipe := conn.Pipeline()
	watched := pipe.Do(ctx, args...)
	found := lookup(pipe)
	_, _ = pipe.Exec(ctx) // each command has its error
	if err := watched.Err(); err != nil {
		return err
	}
	return found()
}

// firstError checks every reply: an EXEC succeeds as a whole although commands inside it fail. Of a transaction that was
// refused, the command that caused it says more than EXECABORT.
func firstError(cmds []goredis.Cmder, err error) error {
	for _, cmd := range cmds {
		if e := cmd.Err(); IsReply(e) && !strings.HasPrefix(e.Error(), "EXECABORT") {
			return fmt.Errorf("%s %v: %w", strings.ToUpper(cmd.Name()), cmd.Args()[1], e)
		}
	}
	if err != nil {
		return err
	}
	for _, cmd := range cmds {
		if e := cmd.Err(); e != nil {
			return e
		}
	}
	return nil
}
