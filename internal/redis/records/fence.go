package records

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// What keeps a term from writing. After each of them nothing was written, and only Begin helps.
var (
	errNoTerm   = fmt.Errorf("%w: no term has begun", worker.ErrTermOver)
	errFenced   = fmt.Errorf("%w: another term has begun; nothing was written", worker.ErrTermOver)
	errDataLost = fmt.Errorf("%w: Redis data was lost; nothing was written", worker.ErrTermOver)
	errConflict = fmt.Errorf("%w: another term began, or Redis data was lost, during the write; nothing was written", worker.ErrTermOver)
)

// fence lets one term write and no earlier one. Redis has the token of the newest term; every MULTI runs under WATCH of
// it. So a late EXEC of a connection that was given up does nothing once another term has begun.
type fence struct {
	client *redis.Client
	key    string
	token  atomic.Pointer[string] // this term's; nil: none has begun, or it is over
}

func (f *fence) raise(token string) { f.token.Store(&token) }

func (f *fence) drop() { f.token.Store(nil) }

// check asks whether the term may still write.
func (f *fence) check(ctx context.Context) error {
	token := f.token.Load()
	if token == nil {
		return errNoTerm
	}
	return compare(f.client.Commands().Get(ctx, f.key), *token)
}

// exec applies what queue adds to one MULTI, or nothing. Two round trips: the token must be known to be this term's
// before the first command is sent.
func (f *fence) exec(ctx context.Context, queue func(goredis.Pipeliner) error) error {
	token := f.token.Load()
	if token == nil {
		return errNoTerm
	}
	return translateConflict(f.client.Transact(ctx, []string{f.key}, func(p goredis.Pipeliner) func() error {
		held := p.Get(ctx, f.key)
		return func() error { return compare(held, *token) }
	}, queue))
}

func compare(held *goredis.StringCmd, token string) error {
	value, err := held.Result()
	switch {
	case errors.Is(err, goredis.Nil):
		return errDataLost
	case err != nil:
		return err
	case value != token:
		return errFenced
	}
	return nil
}

// translateConflict says what a change of the watched keys means for a term.
func translateConflict(err error) error {
	if errors.Is(err, redis.ErrConflict) {
		return errConflict
	}
	return err
}
