package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// scenario is what the demo shows: workers that run to completion, then workers that a scale_down cancels.
type scenario struct{ up, down *eventState }

// runScenario shows both parts, one after the other.
func (s *stack) runScenario(ctx context.Context, client *goredis.Client) (scenario, error) {
	p, err := newPods(s.cluster.Kubeconfig)
	if err != nil {
		return scenario{}, err
	}
	t := &statusSource{stack: s, client: client, pods: p, updates: make(chan update, 256)}
	ctx, cancel := context.WithCancel(ctx)
	defer func() { cancel(); _ = t.readers.Wait(); s.out.keepBlock() }()
	if err := t.watch(ctx); err != nil {
		return scenario{}, err
	}
	up, err := t.runToCompletion(ctx)
	if err != nil {
		return scenario{}, err
	}
	down, err := t.runScaleDown(ctx)
	return scenario{up, down}, err
}

// runToCompletion is the first part.
func (t *statusSource) runToCompletion(ctx context.Context) (*eventState, error) {
	if err := t.begin(ctx, defaultEvent(), t.stack.cluster.Node == nodeReal); err != nil {
		return nil, err
	}
	t.stack.out.say("%s", t.stack.out.dim("  times since the XADD · pod: the API server's watch · status: the status stream"))
	t.stack.out.say("")
	if err := t.run(ctx, t.state.waitingFor); err != nil {
		return nil, err
	}
	t.finish()
	return t.state, nil
}

// runScaleDown is the second part.
func (t *statusSource) runScaleDown(ctx context.Context) (*eventState, error) {
	e := event{kind: scaleUp, pods: "2", task: "task-456", template: templateName}
	if err := t.begin(ctx, e, false); err != nil {
		return nil, err
	}
	t.stack.out.say("%s", t.stack.out.dim("  template "+templateName+": its agent handles SIGTERM. The built-in agent, a shell as"))
	t.stack.out.say("%s", t.stack.out.dim("  PID 1, ignores it and is killed after its grace period of 30 s"))
	t.stack.out.say("")
	if err := t.run(ctx, t.state.waitingToRun); err != nil {
		return nil, err
	}
	e.kind, e.template = scaleDown, ""
	if err := t.sendScaleDown(ctx, e); err != nil {
		return nil, err
	}
	if err := t.run(ctx, t.state.waitingFor); err != nil {
		return nil, err
	}
	t.finish()
	return t.state, nil
}

// begin sends the event of a part.
func (t *statusSource) begin(ctx context.Context, e event, logs bool) error {
	id, sent, err := t.send(ctx, e)
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(e.pods)
	t.state = newEventState(id, sent, n, logs)
	t.announce(e, id, "")
	return nil
}

// sendScaleDown sends the scale_down of a part. Its updates wait in the channel for run.
func (t *statusSource) sendScaleDown(ctx context.Context, e event) error {
	id, sent, err := t.send(ctx, e)
	if err != nil {
		return err
	}
	t.state.down = &scaleDownState{event: id, sent: sent, kinds: map[string]int{}}
	t.announce(e, id, fmt.Sprintf(" · %s after the first", formatDuration(sent.Sub(t.state.sent))))
	t.stack.out.say("")
	return nil
}

func (t *statusSource) send(ctx context.Context, e event) (string, time.Time, error) {
	sent := time.Now()
	id, err := e.send(ctx, t.client)
	return id, sent, err
}

func (t *statusSource) announce(e event, id, note string) {
	out := t.stack.out
	out.say("")
	out.say("%s", out.bold(e.String()))
	out.say("  → event %s%s", id, note)
}

// workers is the number of all workers.
func (p scenario) workers() int { return len(p.up.workers) + len(p.down.workers) }

func (p scenario) spans() []span { return append(spans(p.up), downSpans(p.down)...) }

func (p scenario) checks(f endState) []check {
	list := append(checks(p.up), downChecks(p.down)...)
	return append(list, endChecks(p.workers(), f)...)
}
