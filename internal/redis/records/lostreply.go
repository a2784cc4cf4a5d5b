package records

import (
	"context"
	"errors"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/retry"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	sendLimit    = 5 * time.Second
	attemptLimit = 3 * time.Second
	resolveLimit = 10 * time.Second
	attemptPause = time.Second // between two attempts, at most
)

// batch is one MULTI that moves the term from one batch number to the next.
type batch struct {
	fence *fence
	held  *hold // before it; only its token changes while the batch is resolved
	queue func(goredis.Pipeliner) error

	unqueued error // why the commands could not even be queued: nothing was sent
	attempts int
}

// commit applies what queue adds to one MULTI, once or not at all. If the reply is lost, it finds out what became of the
// MULTI, and sends it again if it was not applied. An error that is no worker.ErrTermOver means that it may have been applied.
func (f *fence) commit(ctx context.Context, queue func(goredis.Pipeliner) error) error {
	held := f.held.Load()
	if held == nil {
		return errNoTerm
	}
	b := batch{fence: f, held: held, queue: queue}
	err := b.first(ctx)
	if b.isUnknown(err) {
		err = b.resolve(ctx, err)
	}
	if err != nil {
		return err
	}
	after := *b.held
	after.batch++
	f.raise(&after)
	return nil
}

// isUnknown reports whether more may be found out on a new connection. What Redis replied is known; a reply that another
// server is the master now says where to look.
func (b *batch) isUnknown(err error) bool {
	return err != nil && b.unqueued == nil && !errors.Is(err, worker.ErrTermOver) &&
		(!redis.IsReply(err) || redis.IsUnavailable(err))
}

func (b *batch) first(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, b.fence.sendLimit)
	defer cancel()
	return b.send(ctx, b.fence.client)
}

// send sends the batch under the term's newest token.
func (b *batch) send(ctx context.Context, client *redis.Client) error {
	lookup := func(p goredis.Pipeliner) func() error { return b.fence.look(ctx, p, b.held) }
	return translateConflict(b.fence.transact(ctx, client, lookup, func(p goredis.Pipeliner) error {
		if b.unqueued = b.queue(p); b.unqueued != nil {
			return b.unqueued
		}
		p.Set(ctx, b.fence.keys.Batch(), strconv.FormatUint(b.held.batch+1, 10), 0)
		return nil
	}))
}

// resolve tries until the result is known, but not for ever: the leader of a Redis that is away may as well start anew.
// It returns the first error when it gives up.
func (b *batch) resolve(ctx context.Context, lost error) error {
	ctx, cancel := context.WithTimeout(ctx, b.fence.resolveLimit)
	defer cancel()
	for ctx.Err() == nil {
		b.attempts++
		applied, err := b.attempt(ctx)
		if !b.isUnknown(err) {
			b.log(applied, lost, err)
			return err
		}
		retry.Sleep(ctx, retry.Backoff(b.attempts, b.fence.attemptPause))
	}
	return lost
}

func (b *batch) log(applied bool, lost, err error) {
	if err == nil {
		errcode.Warn(b.fence.log, errcode.ReplyLost, "batch", b.held.batch+1, "applied", applied, "attempts", b.attempts, "error", lost)
	}
}

// attempt reads the batch number on a new connection, and sends the batch again if the number is still the one before it.
func (b *batch) attempt(ctx context.Context) (applied bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, b.fence.attemptLimit)
	defer cancel()
	client := b.fence.client.Fresh()
	defer func() { _ = client.Close() }()
	number, err := b.renew(ctx, client)
	if err != nil {
		return false, err
	}
	switch number {
	case strconv.FormatUint(b.held.batch+1, 10):
		return true, nil
	case b.held.number():
		return false, b.send(ctx, client)
	}
	return false, errWritesLost
}

// renew writes a new token and reads the batch number in the same MULTI. From then on no EXEC that was sent before can be
// applied, since its connection watches the token; so the number that is read is final. Read before the new token, it could
// still be overtaken. A conflict is no end: the late EXEC may be that of an earlier renew.
func (b *batch) renew(ctx context.Context, client *redis.Client) (number string, err error) {
	next := *b.held
	next.token++
	b.held = &next
	var found *goredis.StringCmd
	err = b.fence.transact(ctx, client, func(p goredis.Pipeliner) func() error {
		token := p.Get(ctx, b.fence.keys.Fence())
		return func() error { return compareTerm(token, b.held) }
	}, func(p goredis.Pipeliner) error {
		p.Set(ctx, b.fence.keys.Fence(), b.held.value(), 0)
		found = p.Get(ctx, b.fence.keys.Batch())
		return nil
	})
	switch {
	case errors.Is(err, goredis.Nil): // somebody deleted it
		return "", errWritesLost
	case err != nil:
		return "", err
	}
	return found.Val(), nil
}
