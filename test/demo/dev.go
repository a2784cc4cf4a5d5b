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

// claim makes the folder ours alone and empty: an earlier dev may have been killed.
func (s *stack) claim() error {
	if err := makeOwn(s.dir); err != nil {
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

// ownTemplates are ours, unless somebody plays with his own.
func (s *stack) ownTemplates() []string {
	if os.Getenv(templatesVariable) != "" {
		return nil
	}
	return s.templatesEnv()
}

// serve returns when ctx ends.
func (s *stack) serve(ctx context.Context) error {
	s.out.say("%s", s.out.bold("Ottoscaler to play with"))
	s.out.say("")
	if err := s.startNeighbours(ctx); err != nil {
		return err
	}
	state := devState{PID: os.Getpid(), Redis: s.redis, ClusterDir: s.clusterDir(), Devcluster: s.devclusterPath}
	if err := state.write(s.dir); err != nil {
		return fmt.Errorf("writing down where dev runs: %w", err)
	}
	for _, line := range s.endpoints(state) {
		s.out.say("%s", line)
	}
	if err := s.startOttoscaler(ctx, ottoOptions{inherit: true, toTerminal: true, env: s.ownTemplates()}); err != nil {
		return cause(ctx, err)
	}
	s.out.say("%s · Ctrl-C stops it and leaves nothing behind", s.out.bold("Everything is up"))
	<-ctx.Done()
	return context.Cause(ctx)
}

func (s *stack) endpoints(state devState) []string {
	_, err := exec.LookPath("redis-cli")
	lines := []string{
		"",
		s.out.bold("Where it is") + " · each start is a fresh one",
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
	return append(append(lines, sendLines(s.redis, err == nil)...), "", s.out.bold("The log of ottoscaler"), "")
}

func sendLines(place redisPlace, redisCLI bool) []string {
	up := defaultEvent()
	down := up
	down.kind = scaleDown
	if !redisCLI {
		return []string{
			"  make test-event", "  bin/demo test-event --type scale_down", "",
			"  (no redis-cli here; on Debian: apt-get install redis-tools)",
		}
	}
	cli := "  redis-cli " + cliFlags(place)
	return []string{
		"  make test-event, or:",
		cli + quoted(up.String()),
		"  bin/demo test-event --type scale_down, or:",
		cli + quoted(down.String()),
		cli + "XRANGE '" + statusKey + "' - +",
	}
}

// quoted keeps a shell from taking the star for itself.
func quoted(xadd string) string { return strings.Replace(xadd, " * ", " '*' ", 1) }
