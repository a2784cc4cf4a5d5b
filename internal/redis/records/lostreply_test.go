package records

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// unsendable is no write that a Journal knows.
type unsendable struct{ worker.Write }

// TestUnknownWriteIsNotRetried: nothing was sent, so nothing is unknown.
func TestUnknownWriteIsNotRetried(t *testing.T) {
	p := redistest.Mini(t)
	j := begun(t, p)
	p.Client.Commands().AddHook(failMulti{})
	refused(t, p, j, []worker.Write{unsendable{}}, "unknown kind of write")
	refused(t, p, j, accepting, "no term has begun")
}

// failMulti fails the test's transactions, which must not be sent.
type failMulti struct{}

func (failMulti) DialHook(next goredis.DialHook) goredis.DialHook          { return next }
func (failMulti) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook { return next }
func (failMulti) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		if cmds[0].Name() == "multi" {
			panic("a MULTI was sent")
		}
		return next(ctx, cmds)
	}
}

// TestGivesUp: Redis stays away. The error is that of the first try, no end of the term, and nothing more is written.
func TestGivesUp(t *testing.T) {
	server := miniredis.RunT(t)
	p := redistest.Connect(t, server.Addr())
	j := begun(t, p)
	j.fence.resolveLimit = 10 * time.Millisecond
	server.Close()
	if err := j.Commit(t.Context(), accepting); err == nil || errors.Is(err, worker.ErrTermOver) {
		t.Errorf("error %v", err)
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	refused(t, p, j, accepting, "no term has begun")
}

// TestOutageWithinTheLimit: Redis comes back with its data, and the term goes on.
func TestOutageWithinTheLimit(t *testing.T) {
	server := miniredis.RunT(t)
	p := redistest.Connect(t, server.Addr())
	j := begun(t, p)
	j.fence.attemptPause = time.Millisecond
	server.Close()
	timer := time.AfterFunc(20*time.Millisecond, func() { _ = server.Restart() })
	defer timer.Stop()
	commit(t, j, accepting...)
	commit(t, j, worker.Ack{ID: theID})
}

// TestResolveFindsAnotherTerm: a lost reply does not bring an earlier term back.
func TestResolveFindsAnotherTerm(t *testing.T) {
	for name, c := range map[string]struct {
		change []any
		want   error
	}{
		"another term":  {[]any{"SET", keysOf.Fence(), "other/0"}, errFenced},
		"a flush":       {[]any{"FLUSHALL"}, errDataLost},
		"a lost number": {[]any{"DEL", keysOf.Batch()}, errWritesLost},
		"another batch": {[]any{"SET", keysOf.Batch(), "7"}, errWritesLost},
	} {
		t.Run(name, func(t *testing.T) {
			p := redistest.Mini(t)
			j := begun(t, p)
			p.Client.Commands().AddHook(loseMulti(func() { p.Do(t, c.change...) }))
			before := p.Dump(t)
			if err := j.Commit(t.Context(), accepting); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if after := p.Dump(t); len(after) != len(before) {
				t.Errorf("something was written: %v", after)
			}
		})
	}
}

// loseMulti loses each transaction on its way, and runs instead.
type loseMulti func()

func (loseMulti) DialHook(next goredis.DialHook) goredis.DialHook          { return next }
func (loseMulti) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook { return next }
func (do loseMulti) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		if cmds[0].Name() == "multi" {
			do()
			for _, c := range cmds {
				c.SetErr(context.DeadlineExceeded)
			}
			return context.DeadlineExceeded
		}
		return next(ctx, cmds)
	}
}
