package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func runDev(ctx context.Context, o options, out *printer) (err error) {
	dir, err := devDir()
	if err != nil {
		return err
	}
	running, s, err := newStack(ctx, o, dir, out)
	if err != nil {
		return err
	}
	if err := s.claim(); err != nil {
		return errors.Join(err, s.undo.run())
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	err = s.serve(running)
	if ctx.Err() != nil {
		return nil // Ctrl-C is how it ends
	}
	return err
}

// claim takes the folder for this process and empties it: an earlier dev may have been killed.
func (s *stack) claim() error {
	if err := ensureDir(s.dir); err != nil {
		return err
	}
	unlock, err := lockDev(s.dir)
	if err != nil {
		return err
	}
	s.undo.add("unlocking "+s.dir, unlock)
	s.addScratch()
	if err := s.cleanCluster(); err != nil {
		return fmt.Errorf("removing what an earlier dev left: %w", err)
	}
	for _, left := range []string{"redis", "logs", templatesDir, "state.json"} {
		if err := os.RemoveAll(filepath.Join(s.dir, left)); err != nil {
			return fmt.Errorf("removing what an earlier dev left: %w", err)
		}
	}
	return nil
}

// defaultTemplates are the demo's templates, unless the user has set others.
func (s *stack) defaultTemplates() []string {
	if os.Getenv(templatesVariable) != "" {
		return nil
	}
	return s.templatesEnv()
}

// serve runs until ctx ends.
func (s *stack) serve(ctx context.Context) error {
	s.out.say("%s", s.out.bold("Ottoscaler for manual tests"))
	s.out.say("")
	if err := s.startDependencies(ctx); err != nil {
		return err
	}
	state := devState{PID: os.Getpid(), Redis: s.redis, ClusterDir: s.clusterDir(), Devcluster: s.devclusterPath}
	if err := state.write(s.dir); err != nil {
		return fmt.Errorf("writing the state of dev: %w", err)
	}
	for _, line := range s.endpoints(state) {
		s.out.say("%s", line)
	}
	if err := s.startOttoscaler(ctx, ottoOptions{inherit: true, toTerminal: true, env: s.defaultTemplates()}); err != nil {
		return cause(ctx, err)
	}
	s.out.say("%s · Ctrl-C stops and removes everything", s.out.bold("Everything is running"))
	<-ctx.Done()
	return context.Cause(ctx)
}

func (s *stack) endpoints(state devState) []string {
	_, err := exec.LookPath("redis-cli")
	lines := []string{
		"",
		s.out.bold("Addresses") + " · without data from earlier starts",
		"",
		"  Redis       " + s.redis.addr(),
		"  API server  " + s.cluster.APIServer,
		"  health      http://" + s.httpAddr + "/readyz?verbose",
		"  logs        " + s.logs("*.log"),
		"              " + filepath.Join(s.clusterDir(), "logs", "*.log"),
		"",
		s.out.bold("In another terminal"),
		"",
		"  export KUBECONFIG=" + s.cluster.Kubeconfig,
		"  " + state.kubectl() + " get pods --watch",
	}
	return append(append(lines, sendLines(s.redis, err == nil)...), "", s.out.bold("Log of ottoscaler"), "")
}

func sendLines(endpoint redisEndpoint, redisCLI bool) []string {
	up := defaultEvent()
	down := up
	down.kind = scaleDown
	if !redisCLI {
		return []string{
			"  make test-event", "  bin/demo test-event --type scale_down", "",
			"  (redis-cli not found; on Debian: apt-get install redis-tools)",
		}
	}
	cli := "  redis-cli " + cliFlags(endpoint)
	return []string{
		"  make test-event, or:",
		cli + quoted(up.String()),
		"  bin/demo test-event --type scale_down, or:",
		cli + quoted(down.String()),
		cli + "XRANGE '" + statusKey + "' - +",
	}
}

// quoted protects the star from the shell.
func quoted(xadd string) string { return strings.Replace(xadd, " * ", " '*' ", 1) }
