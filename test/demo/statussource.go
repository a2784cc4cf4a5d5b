package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"
)

// statusSource merges the Pod watch and the status stream, and prints their updates.
type statusSource struct {
	stack   *stack
	client  *goredis.Client
	pods    pods
	state   *eventState // of the current part
	updates chan update
	readers errgroup.Group // none returns an error
}

// watch returns when no later change can be missed.
func (t *statusSource) watch(ctx context.Context) error {
	send := t.sender(ctx)
	ready := make(chan struct{})
	t.readers.Go(func() error { t.pods.watch(ctx, ready, send); return nil })
	t.readers.Go(func() error { readStatus(ctx, t.client, send); return nil })
	return waitFor(ctx, "the Pod watch to start", watchLimit, func(context.Context) error {
		select {
		case <-ready:
			return nil
		default:
			return errors.New("no list of Pods yet")
		}
	})
}

func (t *statusSource) sender(ctx context.Context) func(update) {
	return func(u update) {
		select {
		case t.updates <- u:
		case <-ctx.Done():
		}
	}
}

// run prints updates until nothing is missing.
func (t *statusSource) run(ctx context.Context, waitingFor func() string) error {
	redraw, limit := time.NewTicker(tick), time.NewTimer(scenarioLimit)
	defer redraw.Stop()
	defer limit.Stop()
	for waitingFor() != "" {
		select {
		case u := <-t.updates:
			t.apply(ctx, u)
		case <-redraw.C:
			t.stack.out.show(t.block())
		case <-limit.C:
			return t.stack.ottoscaler.withLog(fmt.Errorf("waited %s for %s", scenarioLimit, waitingFor()))
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// apply applies and prints an update. On a terminal the table shows the Pods.
func (t *statusSource) apply(ctx context.Context, u update) {
	out := t.stack.out
	if l := u.apply(t.state); l != nil && (l.source != "pod" || !out.terminal) {
		out.say("%s", formatLine(t.state, l, out))
	}
	t.followLogs(ctx)
}

// followLogs reads the log of the first running worker, if wanted.
func (t *statusSource) followLogs(ctx context.Context) {
	l := &t.state.logs
	if !l.wanted || l.worker != "" {
		return
	}
	for _, w := range t.state.workers {
		if !w.running.IsZero() || !w.ended.IsZero() {
			l.worker = w.name
			send := t.sender(ctx)
			t.readers.Go(func() error { t.pods.follow(ctx, w.name, send); return nil })
			return
		}
	}
}

// block is the live block of a terminal.
func (t *statusSource) block() []string {
	head := fmt.Sprintf("  %s since the first XADD", formatDuration(time.Since(t.state.sent).Truncate(tick)))
	return append([]string{"", t.stack.out.dim(head)}, table(t.state, t.stack.out)...)
}

// finish prints the final table of a part.
func (t *statusSource) finish() {
	out := t.stack.out
	lines := append([]string{""}, table(t.state, out)...)
	if out.terminal {
		out.show(lines)
		out.keepBlock()
		return
	}
	for _, line := range lines {
		out.say("%s", line)
	}
}
