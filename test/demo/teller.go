package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"
)

// teller merges what the API server and the status stream say, and shows it.
type teller struct {
	stack   *stack
	client  *goredis.Client
	pods    pods
	story   *story // the act that plays
	news    chan news
	readers errgroup.Group // none returns an error
}

// watch returns when nothing of what is sent from now on can be missed.
func (t *teller) watch(ctx context.Context) error {
	pass := t.pass(ctx)
	ready := make(chan struct{})
	t.readers.Go(func() error { t.pods.watch(ctx, ready, pass); return nil })
	t.readers.Go(func() error { readStatus(ctx, t.client, pass); return nil })
	return waitFor(ctx, "the watch of Pods to begin", watchLimit, func(context.Context) error {
		select {
		case <-ready:
			return nil
		default:
			return errors.New("no list of Pods yet")
		}
	})
}

func (t *teller) pass(ctx context.Context) func(news) {
	return func(n news) {
		select {
		case t.news <- n:
		case <-ctx.Done():
		}
	}
}

// run tells until nothing is waited for any more.
func (t *teller) run(ctx context.Context, waitsFor func() string) error {
	redraw, limit := time.NewTicker(tick), time.NewTimer(storyLimit)
	defer redraw.Stop()
	defer limit.Stop()
	for waitsFor() != "" {
		select {
		case n := <-t.news:
			t.take(ctx, n)
		case <-redraw.C:
			t.stack.out.show(t.block())
		case <-limit.C:
			return t.stack.ottoscaler.blame(fmt.Errorf("waited %s for %s", storyLimit, waitsFor()))
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// take tells a change. On a terminal the table tells of Pods.
func (t *teller) take(ctx context.Context, n news) {
	out := t.stack.out
	if l := n.apply(t.story); l != nil && (l.source != "pod" || !out.terminal) {
		out.say("%s", told(t.story, l, out))
	}
	t.followLogs(ctx)
}

// followLogs reads the log of the first worker that runs, where there is one.
func (t *teller) followLogs(ctx context.Context) {
	l := &t.story.logs
	if !l.wanted || l.worker != "" {
		return
	}
	for _, w := range t.story.workers {
		if !w.running.IsZero() || !w.ended.IsZero() {
			l.worker = w.name
			pass := t.pass(ctx)
			t.readers.Go(func() error { t.pods.follow(ctx, w.name, pass); return nil })
			return
		}
	}
}

// block is what a terminal shows live.
func (t *teller) block() []string {
	head := fmt.Sprintf("  %s since the act's first XADD", took(time.Since(t.story.sent).Truncate(tick)))
	return append([]string{"", t.stack.out.dim(head)}, table(t.story, t.stack.out)...)
}

// finish leaves the table of an act behind.
func (t *teller) finish() {
	out := t.stack.out
	lines := append([]string{""}, table(t.story, out)...)
	if out.terminal {
		out.show(lines)
		out.settle()
		return
	}
	for _, line := range lines {
		out.say("%s", line)
	}
}
