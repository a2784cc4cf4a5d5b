package redis

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// What keeps a term from writing. After each of them nothing was written, and only Begin helps.
var (
	errNoTerm  = fmt.Errorf("%w: no term has begun", worker.ErrTermOver)
	errFenced  = fmt.Errorf("%w: another term has begun, nothing was written", worker.ErrTermOver)
	errEmptied = fmt.Errorf("%w: Redis was emptied, nothing was written", worker.ErrTermOver)
	errTouched = fmt.Errorf("%w: another term began, or Redis was emptied, in that moment, and nothing was written", worker.ErrTermOver)
)

// fence lets one term write and no earlier one. Redis has the token of the newest term; every MULTI runs under WATCH of
// it. So a late EXEC of a connection that was given up does nothing once another term has begun.
type fence struct {
	client *Client
	key    string
	token  atomic.Pointer[string] // this term's; nil: none has begun, or it is over
}

func (f *fence) raise(token string) { f.token.Store(&token) }

func (f *fence) drop() { f.token.Store(nil) }

// check asks whether the term still stands.
func (f *fence) check(ctx context.Context) error {
	token := f.token.Load()
	if token == nil {
		return errNoTerm
	}
	return holds(f.client.commands.Get(ctx, f.key), *token)
}

// exec applies what queue puts into one MULTI, or nothing. Two round trips: whether the term stands must be known
// before the first command is sent.
func (f *fence) exec(ctx context.Context, queue func(goredis.Pipeliner) error) error {
	token := f.token.Load()
	if token == nil {
		return errNoTerm
	}
	return f.client.transact(ctx, []string{f.key}, func(look goredis.Pipeliner) func() error {
		held := look.Get(ctx, f.key)
		return func() error { return holds(held, *token) }
	}, queue)
}

func holds(held *goredis.StringCmd, token string) error {
	value, err := held.Result()
	switch {
	case errors.Is(err, goredis.Nil):
		return errEmptied
	case err != nil:
		return err
	case value != token:
		return errFenced
	}
	return nil
}

// transact sends, on one connection, WATCH of the keys with the commands that look adds, and then, unless what look
// returned is an error, the MULTI. errTouched: a key changed in between.
func (c *Client) transact(
	ctx context.Context, keys []string, look func(goredis.Pipeliner) func() error, queue func(goredis.Pipeliner) error,
) error {
	conn := c.commands.Conn()
	defer func() { _ = conn.Close() }()
	if err := watch(ctx, conn, keys, look); err != nil {
		_ = conn.Do(ctx, "UNWATCH").Err() // the connection goes back to the others
		return err
	}
	pipe := conn.TxPipeline()
	if err := queue(pipe); err != nil {
		_ = conn.Do(ctx, "UNWATCH").Err()
		return err
	}
	cmds, err := pipe.Exec(ctx)
	if errors.Is(err, goredis.TxFailedErr) {
		return errTouched
	}
	return firstError(cmds, err)
}

func watch(ctx context.Context, conn *goredis.Conn, keys []string, look func(goredis.Pipeliner) func() error) error {
	args := []any{"WATCH"}
	for _, k := range keys {
		args = append(args, k)
	}
	pipe := conn.Pipeline()
	watched := pipe.Do(ctx, args...)
	found := look(pipe)
	_, _ = pipe.Exec(ctx) // each command has its error
	if err := watched.Err(); err != nil {
		return err
	}
	return found()
}
