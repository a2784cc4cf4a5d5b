package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// play is what the demo shows: workers that come to their own end, then workers that are taken away.
type play struct{ up, down *story }

// play shows both acts, one after the other.
func (s *stack) play(ctx context.Context, client *goredis.Client) (play, error) {
	p, err := newPods(s.cluster.Kubeconfig)
	if err != nil {
		return play{}, err
	}
	t := &teller{stack: s, client: client, pods: p, news: make(chan news, 256)}
	ctx, cancel := context.WithCancel(ctx)
	defer func() { cancel(); _ = t.readers.Wait(); s.out.settle() }()
	if err := t.watch(ctx); err != nil {
		return play{}, err
	}
	up, err := t.toTheEnd(ctx)
	if err != nil {
		return play{}, err
	}
	down, err := t.takenAway(ctx)
	return play{up, down}, err
}

// toTheEnd is the first act.
func (t *teller) toTheEnd(ctx context.Context) (*story, error) {
	if err := t.begin(ctx, defaultEvent(), t.stack.cluster.Node == nodeReal); err != nil {
		return nil, err
	}
	t.stack.out.say("%s", t.stack.out.dim("  times since the XADD · pod: the API server's watch · status: the status stream"))
	t.stack.out.say("")
	if err := t.run(ctx, t.story.waitsFor); err != nil {
		return nil, err
	}
	t.finish()
	return t.story, nil
}

// takenAway is the second act.
func (t *teller) takenAway(ctx context.Context) (*story, error) {
	e := event{kind: scaleUp, pods: "2", task: "task-456", template: templateName}
	if err := t.begin(ctx, e, false); err != nil {
		return nil, err
	}
	t.stack.out.say("%s", t.stack.out.dim("  "+templateName+": an operator's template whose agent heeds SIGTERM. The built-in"))
	t.stack.out.say("%s", t.stack.out.dim("  agent, a shell as PID 1, ignores it: killed only after its grace of 30 s"))
	t.stack.out.say("")
	if err := t.run(ctx, t.story.waitsToRun); err != nil {
		return nil, err
	}
	e.kind, e.template = scaleDown, ""
	if err := t.takeDown(ctx, e); err != nil {
		return nil, err
	}
	if err := t.run(ctx, t.story.waitsFor); err != nil {
		return nil, err
	}
	t.finish()
	return t.story, nil
}

// begin sends the event of an act.
func (t *teller) begin(ctx context.Context, e event, logs bool) error {
	id, sent, err := t.send(ctx, e)
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(e.pods)
	t.story = newStory(id, sent, n, logs)
	t.announce(e, id, "")
	return nil
}

// takeDown sends the scale_down of an act. Its news wait until run takes them.
func (t *teller) takeDown(ctx context.Context, e event) error {
	id, sent, err := t.send(ctx, e)
	if err != nil {
		return err
	}
	t.story.down = &takeDown{event: id, sent: sent, kinds: map[string]int{}}
	t.announce(e, id, fmt.Sprintf(" · %s after the first", took(sent.Sub(t.story.sent))))
	t.stack.out.say("")
	return nil
}

func (t *teller) send(ctx context.Context, e event) (string, time.Time, error) {
	sent := time.Now()
	id, err := e.send(ctx, t.client)
	return id, sent, err
}

func (t *teller) announce(e event, id, note string) {
	out := t.stack.out
	out.say("")
	out.say("%s", out.bold(e.String()))
	out.say("  → event %s%s", id, note)
}

// workers is how many there were in all.
func (p play) workers() int { return len(p.up.workers) + len(p.down.workers) }

func (p play) spans() []span { return append(spans(p.up), downSpans(p.down)...) }

func (p play) checks(f facts) []check {
	list := append(checks(p.up), downChecks(p.down)...)
	return append(list, endChecks(p.workers(), f)...)
}
