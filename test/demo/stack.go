package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// stack is all running parts:
//
//	event ── XADD ──▶ Redis ──▶ ottoscaler ── POST, DELETE ──▶ devcluster: API server, node
//	  status stream ◀── Redis ◀────┘  ▲                            │
//	                                  └────────── watch ◀──────────┘
type stack struct {
	options
	programs

	dir   string // scratch: logs, Redis' data, the cluster's folder
	out   *printer
	died  context.CancelCauseFunc // ends everything when a part exits unexpectedly
	undo  cleanups
	redis redisEndpoint

	httpAddr   string // of ottoscaler's health and metrics
	cluster    clusterInfo
	ottoscaler *process
}

// programs are the paths of the programs to start.
type programs struct{ ottoscalerPath, devclusterPath string }

func findPrograms() (programs, error) {
	self, err := os.Executable()
	if err != nil {
		return programs{}, fmt.Errorf("finding this program: %w", err)
	}
	p := programs{
		ottoscalerPath: fromEnv("OTTOSCALER", filepath.Join(filepath.Dir(self), "ottoscaler")),
		devclusterPath: fromEnv("DEVCLUSTER", filepath.Join(filepath.Dir(self), "devcluster")),
	}
	for _, path := range []string{p.ottoscalerPath, p.devclusterPath} {
		if _, err := os.Stat(path); err != nil {
			return p, fmt.Errorf("a program is missing (`make build` makes it): %w", err)
		}
	}
	return p, nil
}

func fromEnv(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// newStack starts nothing. The context it returns ends with ctx, or when a part of the stack exits unexpectedly.
func newStack(ctx context.Context, o options, dir string, out *printer) (context.Context, *stack, error) {
	p, err := findPrograms()
	if err != nil {
		return ctx, nil, err
	}
	addr, err := chooseHTTPAddr()
	if err != nil {
		return ctx, nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &stack{options: o, programs: p, dir: dir, out: out, died: cancel, httpAddr: addr}, nil
}

// chooseHTTPAddr avoids Ottoscaler's default port, which may be in use.
func chooseHTTPAddr() (string, error) {
	port, err := freePort()
	return fromEnv("OTTO_HTTP_ADDR", net.JoinHostPort(loopback, port)), err
}

// startDependencies returns when Redis and Kubernetes are ready. After an error, stop ends what was started.
func (s *stack) startDependencies(ctx context.Context) error {
	if err := os.MkdirAll(s.logs(""), 0o700); err != nil {
		return fmt.Errorf("creating the scratch folder: %w", err)
	}
	if err := s.writeTemplate(); err != nil {
		return err
	}
	if err := s.startRedis(ctx); err != nil {
		return cause(ctx, err)
	}
	return cause(ctx, s.startCluster(ctx))
}

// stop ends all parts, in the reverse order of their start.
func (s *stack) stop() error {
	began := time.Now()
	s.out.say("")
	s.out.say("%s", s.out.dim("stopping…"))
	err := s.undo.run()
	s.died(nil)
	if err != nil {
		return fmt.Errorf("cleaning up: %w", err)
	}
	s.out.say("%s", s.out.dim("stopped and removed in "+formatDuration(time.Since(began))))
	return nil
}

// cause replaces the error of an interrupted call by the reason of the interruption.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// supervise registers the clean-up of a started part.
func (s *stack) supervise(p *process, err error, limit time.Duration) error {
	if err != nil {
		return err
	}
	s.undo.add("stopping "+p.name, func() error { return p.stop(limit) })
	return nil
}

func (s *stack) logs(name string) string { return filepath.Join(s.dir, "logs", name) }

// addScratch removes the scratch folder last, unless parts of the cluster may still be mounted in it.
func (s *stack) addScratch() {
	s.undo.add("removing "+s.dir, func() error {
		if err := s.cleanCluster(); err != nil {
			return fmt.Errorf("kept, because the cluster in it cannot be cleaned: %w", err)
		}
		return os.RemoveAll(s.dir)
	})
}

var errInterrupted = errors.New("interrupted")
