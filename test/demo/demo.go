package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const (
	watchLimit    = 20 * time.Second  // for the Pod watch to start
	scenarioLimit = 100 * time.Second // for one part of the demo; the agent sleeps for 30 s
	auditLimit    = 3 * time.Second
	tick          = 100 * time.Millisecond

	succeededTTL = "5s"
)

func runDemo(ctx context.Context, o options, out *printer) (err error) {
	began := time.Now()
	dir, err := os.MkdirTemp("", "ottoscaler-demo-")
	if err != nil {
		return fmt.Errorf("creating a scratch folder: %w", err)
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
	out.say("%s", out.green("Demo passed")+" in "+formatDuration(time.Since(began))+". Next: `make dev` keeps everything running.")
	return nil
}

func (s *stack) demonstrate(ctx context.Context) error {
	s.out.say("%s", s.out.bold("Ottoscaler: one entry in a Redis Stream starts three workers in Kubernetes"))
	s.out.say("")
	if err := s.startDependencies(ctx); err != nil {
		return err
	}
	env := append(s.templatesEnv(), "OTTO_SUCCEEDED_TTL="+succeededTTL)
	if err := s.startOttoscaler(ctx, ottoOptions{env: env}); err != nil {
		return cause(ctx, err)
	}
	s.out.say("            OTTO_SUCCEEDED_TTL=%s instead of 30s: finished Pods are deleted sooner", succeededTTL)
	client := s.redis.client("")
	defer func() { _ = client.Close() }()
	p, err := s.runScenario(ctx, client)
	if err != nil {
		return cause(ctx, err)
	}
	return s.checkResult(ctx, client, p)
}

// checkResult prints the summary and checks the end state.
func (s *stack) checkResult(ctx context.Context, client *goredis.Client, p scenario) error {
	f, err := s.lookup(ctx, client, p.workers())
	if err != nil {
		return err
	}
	if !p.up.logs.wanted {
		s.out.say("")
		s.out.say("  simulated node: no container logs")
	}
	s.out.say("")
	for _, line := range summary(p.spans(), s.out) {
		s.out.say("%s", line)
	}
	s.out.say("")
	if err := printChecks(p.checks(f), s.out); err != nil {
		return s.ottoscaler.withLog(err)
	}
	return nil
}

func (s *stack) lookup(ctx context.Context, client *goredis.Client, n int) (endState, error) {
	var f endState
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
	// The audit log has a request only after its response, a little later than the watch shows its effect.
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
