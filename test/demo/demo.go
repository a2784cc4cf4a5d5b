package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"
)

const (
	watchLimit = 20 * time.Second  // for the watch of Pods to begin
	storyLimit = 100 * time.Second // from the XADD to the last Pod gone; the agent itself sleeps for 30 s
	auditLimit = 3 * time.Second
	tick       = 100 * time.Millisecond

	succeededTTL = "5s"
)

func runDemo(ctx context.Context, o options, out *printer) (err error) {
	began := time.Now()
	dir, err := os.MkdirTemp("", "ottoscaler-demo-")
	if err != nil {
		return fmt.Errorf("making a scratch folder: %w", err)
	}
	running, s, err := newStack(ctx, o, dir, out)
	if err != nil {
		return errors.Join(err, os.Remove(dir))
	}
	s.addScratch()
	err = s.demonstrate(running)
	if ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", errInterrupted, context.Cause(ctx))
	}
	if err := errors.Join(err, s.stop()); err != nil {
		return err
	}
	out.say("%s", out.green("The demo succeeded")+" in "+took(time.Since(began))+". Next: `make dev` keeps it all up to play with.")
	return nil
}

func (s *stack) demonstrate(ctx context.Context) error {
	s.out.say("%s", s.out.bold("Ottoscaler: one line in a Redis Stream becomes three workers in Kubernetes"))
	s.out.say("")
	if err := s.startNeighbours(ctx); err != nil {
		return err
	}
	if err := s.startOttoscaler(ctx, ottoOptions{env: []string{"OTTO_SUCCEEDED_TTL=" + succeededTTL}}); err != nil {
		return cause(ctx, err)
	}
	s.out.say("            OTTO_SUCCEEDED_TTL=%s instead of 30s: finished workers go sooner", succeededTTL)
	client := s.redis.client("")
	defer func() { _ = client.Close() }()
	st, err := s.tell(ctx, client)
	if err != nil {
		return cause(ctx, err)
	}
	return s.judge(ctx, client, st)
}

// tell sends the event and shows what becomes of it, to its end.
func (s *stack) tell(ctx context.Context, client *goredis.Client) (*story, error) {
	p, err := newPods(s.cluster.Kubeconfig)
	if err != nil {
		return nil, err
	}
	t := &teller{stack: s, pods: p, news: make(chan news, 256)}
	ctx, cancel := context.WithCancel(ctx)
	defer func() { cancel(); _ = t.readers.Wait() }()
	if err := t.watch(ctx, client); err != nil {
		return nil, err
	}
	e := defaultEvent()
	n, _ := strconv.Atoi(e.pods)
	sent := time.Now()
	id, err := e.send(ctx, client)
	if err != nil {
		return nil, err
	}
	s.out.say("")
	s.out.say("%s", s.out.bold(e.String()))
	s.out.say("  → event %s", id)
	s.out.say("%s", s.out.dim("  times since the XADD · pod: the API server's watch · status: the status stream"))
	s.out.say("")
	t.story = newStory(id, sent, n, s.cluster.Node == nodeReal)
	return t.story, t.run(ctx)
}

// judge sums up and checks that all was as promised.
func (s *stack) judge(ctx context.Context, client *goredis.Client, st *story) error {
	f, err := s.lookUp(ctx, client, len(st.workers))
	if err != nil {
		return err
	}
	if !st.logs.wanted {
		s.out.say("")
		s.out.say("  simulated: no logs (on a real node one worker's would stand here)")
	}
	s.out.say("")
	for _, line := range summary(st, s.out) {
		s.out.say("%s", line)
	}
	s.out.say("")
	if err := verdict(checks(st, f), s.out); err != nil {
		return s.ottoscaler.blame(err)
	}
	return nil
}

func (s *stack) lookUp(ctx context.Context, client *goredis.Client, n int) (facts, error) {
	var f facts
	var err error
	if f.dead, err = client.XLen(ctx, deadKey).Result(); err != nil {
		return f, fmt.Errorf("counting dead letters: %w", err)
	}
	pending, err := client.XPending(ctx, stream, group).Result()
	if err != nil {
		return f, fmt.Errorf("counting pending entries: %w", err)
	}
	f.pending = pending.Count
	if s.cluster.AuditLog == "" {
		return f, nil
	}
	// A request is logged when it is answered, a little after the watch tells of its effect.
	_ = waitFor(ctx, "the audit log", auditLimit, func(context.Context) error {
		f.audit, err = openAudit(s.cluster.AuditLog)
		if err == nil && (f.audit.posts < n || f.audit.deletes < n) {
			return errors.New("requests are missing")
		}
		return err
	})
	return f, err
}

func openAudit(path string) (*audit, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	a, err := readAudit(file)
	return &a, err
}

// teller merges what the API server and the status stream say, and shows it.
type teller struct {
	stack   *stack
	pods    pods
	story   *story
	news    chan news
	readers errgroup.Group // none returns an error
}

// watch returns when nothing of what is sent from now on can be missed.
func (t *teller) watch(ctx context.Context, client *goredis.Client) error {
	pass := t.pass(ctx)
	ready := make(chan struct{})
	t.readers.Go(func() error { t.pods.watch(ctx, ready, pass); return nil })
	t.readers.Go(func() error { readStatus(ctx, client, pass); return nil })
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

func (t *teller) run(ctx context.Context) error {
	out := t.stack.out
	redraw, limit := time.NewTicker(tick), time.NewTimer(storyLimit)
	defer redraw.Stop()
	defer limit.Stop()
	defer out.settle()
	for !t.story.done() {
		select {
		case n := <-t.news:
			t.take(ctx, n)
		case <-redraw.C:
			out.show(t.block())
		case <-limit.C:
			return t.stack.ottoscaler.blame(fmt.Errorf("waited %s for %s", storyLimit, t.story.waitsFor()))
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	t.finish()
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
	head := fmt.Sprintf("  %s since the XADD", took(time.Since(t.story.sent).Truncate(tick)))
	return append([]string{"", t.stack.out.dim(head)}, table(t.story, t.stack.out)...)
}

func (t *teller) finish() {
	out := t.stack.out
	lines := append([]string{""}, table(t.story, out)...)
	if out.terminal {
		out.show(lines)
		return
	}
	for _, line := range lines {
		out.say("%s", line)
	}
}
