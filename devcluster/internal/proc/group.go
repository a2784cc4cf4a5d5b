package proc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Spec says how a component is started and when it counts as ready.
type Spec struct {
	Name    string
	Path    string
	Args    []string
	Env     []string // appended to os.Environ
	Dir     string
	LogFile string // stdout and stderr are appended here; empty: they are dropped

	// Ready is polled until it returns nil; nil means ready at once. Each call gets two seconds.
	Ready        func(ctx context.Context) error
	ReadyTimeout time.Duration // default one minute

	StopSignal  os.Signal     // default SIGTERM
	StopTimeout time.Duration // default ten seconds, then SIGKILL
}

// ExitEvent reports a component that ended although nobody asked it to.
type ExitEvent struct {
	Name    string
	Err     error // nil: it exited with code 0
	LogTail string
}

// Status is what a Group knows about one component.
type Status struct {
	Name  string `json:"name"`
	State string `json:"state"` // running, frozen or down
	PID   int    `json:"pid,omitempty"`
}

// ErrUnknown is returned for a component that was never started in this Group.
var ErrUnknown = errors.New("no such component")

// Group owns child processes. Its methods may be called from any goroutine.
type Group struct {
	logger *slog.Logger
	exited chan ExitEvent
	forks  forker

	mu       sync.Mutex
	order    []string // names in the order of their first start
	children map[string]*child
}

// NewGroup starts nothing.
func NewGroup(logger *slog.Logger) *Group {
	return &Group{logger: logger, exited: make(chan ExitEvent, 64), children: map[string]*child{}}
}

// Start starts a component and waits until it is ready. After an error it does not run, and the error
// ends with the tail of its log.
func (g *Group) Start(ctx context.Context, s Spec) error {
	if c, err := g.find(s.Name); err == nil && c.alive() {
		return fmt.Errorf("starting %s: it runs already", s.Name)
	}
	c := newChild(s)
	if err := c.start(&g.forks); err != nil {
		return fmt.Errorf("starting %s: %w", s.Name, err)
	}
	g.add(c)
	go g.watch(c)
	if err := c.waitReady(ctx); err != nil {
		err = fmt.Errorf("waiting for %s: %w%s", s.Name, err, logTail(s.LogFile))
		return errors.Join(err, g.Kill(s.Name))
	}
	g.logger.Debug("component ready", "component", s.Name, "pid", c.pid())
	return nil
}

// Stop ends a component gracefully, and with SIGKILL when its StopTimeout has passed.
func (g *Group) Stop(name string) error {
	c, err := g.find(name)
	if err != nil {
		return err
	}
	return c.stop()
}

// Kill ends a component with SIGKILL. It stays down until Restart.
func (g *Group) Kill(name string) error {
	c, err := g.find(name)
	if err != nil {
		return err
	}
	return c.kill()
}

// Freeze stops a component's clock: it lives, holds its connections and answers nobody.
func (g *Group) Freeze(name string) error { return g.signal(name, syscall.SIGSTOP, true) }

// Thaw lets a frozen component go on.
func (g *Group) Thaw(name string) error { return g.signal(name, syscall.SIGCONT, false) }

func (g *Group) signal(name string, sig syscall.Signal, frozen bool) error {
	c, err := g.find(name)
	if err != nil {
		return err
	}
	return c.pause(sig, frozen)
}

// Restart starts a component that is down again, as it was started first.
func (g *Group) Restart(ctx context.Context, name string) error {
	c, err := g.find(name)
	if err != nil {
		return err
	}
	return g.Start(ctx, c.spec)
}

// StopAll stops every component, the last one started first. The Group is of no use afterwards.
func (g *Group) StopAll() error {
	var errs []error
	for _, s := range slices.Backward(g.Status()) {
		errs = append(errs, g.Stop(s.Name))
	}
	g.forks.close()
	return errors.Join(errs...)
}

// Exited yields the components that ended unasked.
func (g *Group) Exited() <-chan ExitEvent { return g.exited }

// Status lists the components in the order of their first start.
func (g *Group) Status() []Status {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := make([]Status, 0, len(g.order))
	for _, name := range g.order {
		list = append(list, g.children[name].status())
	}
	return list
}

func (g *Group) find(name string) (*child, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c, ok := g.children[name]
	if !ok {
		return nil, fmt.Errorf("%w: %q (there are: %v)", ErrUnknown, name, g.order)
	}
	return c, nil
}

func (g *Group) add(c *child) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, again := g.children[c.spec.Name]; !again {
		g.order = append(g.order, c.spec.Name)
	}
	g.children[c.spec.Name] = c
}

// watch reaps the child; it ends with it.
func (g *Group) watch(c *child) {
	unasked, err := c.wait()
	if !unasked {
		return
	}
	select {
	case g.exited <- ExitEvent{Name: c.spec.Name, Err: err, LogTail: logTail(c.spec.LogFile)}:
	default: // nobody listens, and a component that ended stays visible in Status
	}
}
