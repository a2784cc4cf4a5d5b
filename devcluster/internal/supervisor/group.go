package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Spec describes how a component is started and when it is ready.
type Spec struct {
	Name    string
	Path    string
	Args    []string
	Env     []string // appended to os.Environ
	Dir     string
	LogFile string // stdout and stderr are appended here; empty: discarded

	// Ready is polled until it returns nil. Each call is limited to two seconds. If nil, the component is ready once started.
	Ready        func(ctx context.Context) error
	ReadyTimeout time.Duration // default one minute
	StopTimeout  time.Duration // between SIGTERM and SIGKILL; default ten seconds
}

// ExitEvent reports a component that exited although it was neither stopped nor killed.
type ExitEvent struct {
	Name    string
	Err     error // nil: it exited with code 0
	LogTail string
}

// Status is the state of one component.
type Status struct {
	Name  string `json:"name"`
	State string `json:"state"` // running, frozen or down
	PID   int    `json:"pid,omitempty"`
}

// ErrUnknownComponent is returned for a component that was never started in this Group.
var ErrUnknownComponent = errors.New("no such component")

// Group owns child processes. Its methods may be called from any goroutine.
type Group struct {
	logger *slog.Logger
	exited chan ExitEvent
	forker forker

	mu       sync.Mutex
	order    []string // names in the order of their first start
	children map[string]*child
}

// NewGroup starts nothing.
func NewGroup(logger *slog.Logger) *Group {
	return &Group{logger: logger, exited: make(chan ExitEvent, 64), children: map[string]*child{}}
}

// Start starts a component and waits until it is ready. After an error it is not running, and the error
// ends with the tail of its log.
func (g *Group) Start(ctx context.Context, s Spec) error {
	if c, err := g.find(s.Name); err == nil && c.alive() {
		return fmt.Errorf("starting %s: already running", s.Name)
	}
	c := newChild(s)
	if err := c.start(&g.forker); err != nil {
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

// Stop sends SIGTERM to a component, and SIGKILL after its StopTimeout.
func (g *Group) Stop(name string) error {
	c, err := g.find(name)
	if err != nil {
		return err
	}
	return c.stop()
}

// Kill sends SIGKILL to a component. It stays down until Restart.
func (g *Group) Kill(name string) error {
	c, err := g.find(name)
	if err != nil {
		return err
	}
	return c.kill()
}

// Freeze suspends a component with SIGSTOP: its connections stay open, but it does not respond.
func (g *Group) Freeze(name string) error { return g.setFrozen(name, true) }

// Thaw resumes a frozen component with SIGCONT.
func (g *Group) Thaw(name string) error { return g.setFrozen(name, false) }

func (g *Group) setFrozen(name string, frozen bool) error {
	c, err := g.find(name)
	if err != nil {
		return err
	}
	return c.setFrozen(frozen)
}

// Restart starts a component that is down, with the Spec of its first start.
func (g *Group) Restart(ctx context.Context, name string) error {
	c, err := g.find(name)
	if err != nil {
		return err
	}
	return g.Start(ctx, c.spec)
}

// StopAll stops every component, the last one started first. The Group cannot be used afterwards.
func (g *Group) StopAll() error {
	var errs []error
	for _, s := range slices.Backward(g.Status()) {
		errs = append(errs, g.Stop(s.Name))
	}
	g.forker.close()
	return errors.Join(errs...)
}

// Exited reports the components that exited unexpectedly.
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
		return nil, fmt.Errorf("%w: %q (known: %v)", ErrUnknownComponent, name, g.order)
	}
	return c, nil
}

func (g *Group) add(c *child) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.children[c.spec.Name]; !known {
		g.order = append(g.order, c.spec.Name)
	}
	g.children[c.spec.Name] = c
}

// watch reaps the child and returns when it has exited.
func (g *Group) watch(c *child) {
	unexpected, err := c.wait()
	if !unexpected {
		return
	}
	select {
	case g.exited <- ExitEvent{Name: c.spec.Name, Err: err, LogTail: logTail(c.spec.LogFile)}:
	default: // the channel is full; Status still shows that the component is down
	}
}
