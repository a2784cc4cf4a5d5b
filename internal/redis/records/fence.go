package records

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// What keeps a term from writing. After each of them nothing was written, and only Begin helps.
var (
	errNoTerm     = fmt.Errorf("%w: no term has begun", worker.ErrTermOver)
	errFenced     = fmt.Errorf("%w: another term has begun; nothing was written", worker.ErrTermOver)
	errDataLost   = fmt.Errorf("%w: Redis data was lost; nothing was written", worker.ErrTermOver)
	errConflict   = fmt.Errorf("%w: another term began, or Redis data was lost, during the write; nothing was written", worker.ErrTermOver)
	errWritesLost = fmt.Errorf("%w: Redis lost writes that it had acknowledged; nothing was written", worker.ErrTermOver)
)

// fence lets one term write and no earlier one. Redis has the token of the newest term; every MULTI runs under WATCH of
// it. So a late EXEC of a connection that was given up does nothing once another term has begun, or this one has changed its
// token (lostreply.go).
//
// Beside the token stands the number of the term's last batch. Redis loses both or neither in a flush, but a failover to a
// replica that lagged behind may lose batches alone: then the number is not the one that this process knows.
type fence struct {
	client *redis.Client
	keys   redis.Keys
	log    *slog.Logger
	held   atomic.Pointer[hold] // nil: no term has begun, or it is over

	sendLimit    time.Duration // for the first try of a batch
	attemptLimit time.Duration // for each further one, a new connection included
	attemptPause time.Duration // between those, at most
	resolveLimit time.Duration // for all further ones together
}

func newFence(client *redis.Client, keys redis.Keys, log *slog.Logger) *fence {
	return &fence{
		client: client, keys: keys, log: log,
		sendLimit: sendLimit, attemptLimit: attemptLimit, attemptPause: attemptPause, resolveLimit: resolveLimit,
	}
}

// hold is what a term must find in Redis to write. It is never changed: a batch, and a new token, make a new one.
type hold struct {
	term  string
	token int // of how many of this term; the first is 0
	batch uint64
}

func newHold(term string) *hold { return &hold{term: term} }

const tokenSeparator = "/"

func (h *hold) value() string  { return h.term + tokenSeparator + strconv.Itoa(h.token) }
func (h *hold) number() string { return strconv.FormatUint(h.batch, 10) }

// isOurs reports whether a token is of this term: of a token whose reply was lost, nobody knows whether Redis has it.
func (h *hold) isOurs(token string) bool { return strings.HasPrefix(token, h.term+tokenSeparator) }

func (f *fence) raise(h *hold) { f.held.Store(h) }

func (f *fence) drop() { f.held.Store(nil) }

// check asks whether the term may still write.
func (f *fence) check(ctx context.Context) error {
	held := f.held.Load()
	if held == nil {
		return errNoTerm
	}
	pipe := f.client.Commands().Pipeline()
	found := f.look(ctx, pipe, held)
	_, _ = pipe.Exec(ctx) // each command has its error
	return found()
}

// look queues the lookup of token and batch number, which must be those of the last batch.
func (f *fence) look(ctx context.Context, p goredis.Pipeliner, held *hold) func() error {
	token, batch := p.Get(ctx, f.keys.Fence()), p.Get(ctx, f.keys.Batch())
	return func() error {
		if err := compare(token, held.value()); err != nil {
			return err
		}
		return compareBatch(batch, held.number())
	}
}

// exec applies what queue adds to one MULTI, or nothing; Janitor trims with it. It is no batch: it has no number, and a
// batch may be on its way at the same time.
func (f *fence) exec(ctx context.Context, queue func(goredis.Pipeliner) error) error {
	held := f.held.Load()
	if held == nil {
		return errNoTerm
	}
	return translateConflict(f.transact(ctx, f.client, func(p goredis.Pipeliner) func() error {
		token := p.Get(ctx, f.keys.Fence())
		return func() error { return compareTerm(token, held) }
	}, queue))
}

// transact takes two round trips: what lookup asks for must be known before the first command is sent.
func (f *fence) transact(
	ctx context.Context, client *redis.Client, lookup func(goredis.Pipeliner) func() error, queue func(goredis.Pipeliner) error,
) error {
	return client.Transact(ctx, []string{f.keys.Fence()}, lookup, queue)
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

// compareTerm accepts any token of the term.
func compareTerm(token *goredis.StringCmd, held *hold) error {
	if value := token.Val(); held.isOurs(value) {
		return nil
	}
	return compare(token, held.value())
}

func compareBatch(found *goredis.StringCmd, number string) error {
	if err := found.Err(); err != nil && !errors.Is(err, goredis.Nil) {
		return err
	}
	if found.Val() != number {
		return errWritesLost
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
