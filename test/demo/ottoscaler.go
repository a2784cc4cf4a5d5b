package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

const (
	ottoscalerStartLimit = 30 * time.Second
	ottoscalerStopLimit  = 30 * time.Second // its own grace period is 20 s

	stream    = "otto:scale:events"
	group     = "ottoscaler"
	statusKey = "{" + stream + "}:status"
	deadKey   = "{" + stream + "}:dead"
)

// ottoOptions are the options of one run of Ottoscaler.
type ottoOptions struct {
	env        []string // added to the addresses
	inherit    bool     // pass on OTTO_… variables
	toTerminal bool     // log to stderr instead of a file
}

func (s *stack) startOttoscaler(ctx context.Context, o ottoOptions) error {
	began := time.Now()
	cmd := exec.Command(s.ottoscalerPath, "run")
	cmd.Env = append(cleanEnv(os.Environ(), o.inherit),
		"REDIS_HOST="+s.redis.Host, "REDIS_PORT="+s.redis.Port, "KUBECONFIG="+s.cluster.Kubeconfig)
	cmd.Env = append(append(cmd.Env, "OTTO_HTTP_ADDR="+s.httpAddr), o.env...)
	log := s.logs("ottoscaler.log")
	if o.toTerminal {
		log, cmd.Stdout, cmd.Stderr = "", os.Stderr, os.Stderr
	}
	p, err := startProcess("ottoscaler", log, cmd, nil, s.died)
	if err := s.supervise(p, err, ottoscalerStopLimit); err != nil {
		return err
	}
	s.ottoscaler = p
	if err := s.waitOttoscaler(ctx); err != nil {
		return p.withLog(err)
	}
	s.out.say("%s  %s %s", s.out.bold("Ottoscaler"), "reading stream "+stream, s.out.dim("· "+formatDuration(time.Since(began))))
	return nil
}

// waitOttoscaler waits for the consumer group that the first read creates: later events are read.
func (s *stack) waitOttoscaler(ctx context.Context) error {
	client := s.redis.client("")
	defer func() { _ = client.Close() }()
	return waitFor(ctx, "ottoscaler to read stream "+stream, ottoscalerStartLimit, func(ctx context.Context) error {
		groups, err := client.XInfoGroups(ctx, stream).Result()
		if err != nil {
			return fmt.Errorf("reading its consumer group: %w", err)
		}
		if len(groups) == 0 {
			return errors.New("it has no consumer group yet")
		}
		return nil
	})
}

// cleanEnv removes variables of another Redis or Kubernetes; in a Pod they would select that Pod's cluster.
func cleanEnv(env []string, inherit bool) []string {
	others := []string{"REDIS_", "KUBERNETES_", "KUBECONFIG="}
	if !inherit {
		others = append(others, "OTTO_")
	}
	return slices.DeleteFunc(slices.Clone(env), func(variable string) bool {
		return slices.ContainsFunc(others, func(prefix string) bool { return strings.HasPrefix(variable, prefix) })
	})
}
