package client

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestConsumeShutdown: handlers that run may end, and what waits stays pending for the others.
func TestConsumeShutdown(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	e.events(1)
	started, release := make(chan struct{}), make(chan struct{})
	l := newLedger()
	r := startReplica(t, newClient(t, addr, Options{}), ConsumeOptions{Consumer: "a"}, func(ctx context.Context, s Status) error {
		l.note(&s)
		close(started)
		<-release
		return ctx.Err()
	})
	<-started
	r.cancel()
	close(release)
	if err := <-r.done; err != nil {
		t.Error(err)
	}
	if len(l.seen) != 1 {
		t.Errorf("handled %v", l.seen)
	}
	e.pending(t, 2)
	// A process of the same name goes on at once.
	again := startReplica(t, newClient(t, addr, Options{}), ConsumeOptions{Consumer: "a"}, func(_ context.Context, s Status) error {
		l.note(&s)
		return nil
	})
	l.wait(t, 3)
	e.pending(t, 0)
	again.stop(t)
}

// TestConsumeShutdownTimeout: a handler that does not end is told to, and Consume says so.
func TestConsumeShutdownTimeout(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	e.events(1)
	started := make(chan struct{})
	o := ConsumeOptions{ShutdownTimeout: 20 * time.Millisecond}
	r := startReplica(t, newClient(t, addr, Options{}), o, func(ctx context.Context, _ Status) error {
		close(started)
		<-ctx.Done()
		return ctx.Err()
	})
	<-started
	r.cancel()
	if err := <-r.done; err == nil {
		t.Error("no error")
	}
	e.pending(t, 3)
}

// TestConsumeGaps: what was trimmed before the group read it is told, and so is a group that Redis lost.
func TestConsumeGaps(t *testing.T) {
	addr := startRedis(t)
	e := newEngine(t, addr)
	ctx := t.Context()
	e.add(1, 2)
	e.rdb.XGroupCreate(ctx, e.keys.status(), "backend", "2-0")
	e.add(3, 9)
	e.rdb.XTrimMaxLen(ctx, e.keys.status(), 2)
	gaps, l := make(chan Gap, 10), newLedger()
	r := startReplica(t, newClient(t, addr, Options{}), ConsumeOptions{
		Filter: func(*Status) bool { return true }, OnGap: func(g Gap) { gaps <- g },
	}, func(_ context.Context, s Status) error { l.note(&s); return nil })
	if got := <-gaps; got != (Gap{"2-0", "8-0"}) {
		t.Error(got)
	}
	l.wait(t, 2)
	e.pending(t, 0)
	e.rdb.XGroupDestroy(ctx, e.keys.status(), "backend")
	if got := <-gaps; got.After != "9-0" {
		t.Error(got)
	}
	e.add(10, 10)
	l.wait(t, 3)
	r.stop(t)
}

func TestConsumeInvalid(t *testing.T) {
	c := newClient(t, "127.0.0.1:1", Options{})
	if _, ok := errors.AsType[*RequestError](c.Consume(t.Context(), ConsumeOptions{}, nil)); !ok {
		t.Error("a group without a name")
	}
}
