package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const pollEvery = 25 * time.Millisecond

// child is one run of a component: a restarted component is a new child.
type child struct {
	spec Spec
	cmd  *exec.Cmd
	done chan struct{} // closed when the process was reaped

	mu      sync.Mutex
	wanted  bool // false once we asked it to end
	ready   bool
	frozen  bool
	exitErr error
}

func newChild(s Spec) *child {
	if s.StopSignal == nil {
		s.StopSignal = syscall.SIGTERM
	}
	if s.StopTimeout == 0 {
		s.StopTimeout = 10 * time.Second
	}
	if s.ReadyTimeout == 0 {
		s.ReadyTimeout = time.Minute
	}
	return &child{spec: s, done: make(chan struct{}), wanted: true}
}

func (c *child) start(forks *forker) error {
	c.cmd = exec.Command(c.spec.Path, c.spec.Args...)
	c.cmd.Env = append(os.Environ(), c.spec.Env...)
	c.cmd.Dir = c.spec.Dir
	c.cmd.SysProcAttr = sysProcAttr()
	if c.spec.LogFile != "" {
		log, err := os.OpenFile(c.spec.LogFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err != nil {
			return err
		}
		defer log.Close()
		c.cmd.Stdout, c.cmd.Stderr = log, log
	}
	return forks.start(c.cmd)
}

// wait reaps the process and says whether it ended unasked, and how. A child that never got ready does not
// count: whoever waits for it gets the error.
func (c *child) wait() (unasked bool, err error) {
	err = c.cmd.Wait()
	_ = syscall.Kill(-c.pid(), syscall.SIGKILL) // what the component left behind in its process group
	c.mu.Lock()
	defer c.mu.Unlock()
	c.exitErr = err
	close(c.done)
	return c.wanted && c.ready, err
}

func (c *child) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.spec.ReadyTimeout)
	defer cancel()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		err := c.probe(ctx)
		if err == nil {
			return c.becomeReady()
		}
		select {
		case <-c.done:
			return c.ended()
		case <-ctx.Done():
			return fmt.Errorf("%w (last: %w)", ctx.Err(), err)
		case <-ticker.C:
		}
	}
}

func (c *child) probe(ctx context.Context) error {
	if c.spec.Ready == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return c.spec.Ready(ctx)
}

// becomeReady fails when the process ended meanwhile: something else may have answered the probe.
func (c *child) becomeReady() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.running() {
		return c.ended()
	}
	c.ready = true
	return nil
}

func (c *child) ended() error {
	if c.exitErr == nil {
		return errors.New("it ended with code 0")
	}
	return fmt.Errorf("it ended: %w", c.exitErr)
}

func (c *child) stop() error {
	sig, ok := c.spec.StopSignal.(syscall.Signal)
	if !ok {
		sig = syscall.SIGTERM
	}
	if err := c.end(sig); err != nil {
		return err
	}
	select {
	case <-c.done:
		return nil
	case <-time.After(c.spec.StopTimeout):
		return c.kill()
	}
}

func (c *child) kill() error {
	if err := c.end(syscall.SIGKILL); err != nil {
		return err
	}
	<-c.done
	return nil
}

// end signals the whole process group; a process that has ended already is a success.
func (c *child) end(sig syscall.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wanted = false
	if !c.running() {
		return nil
	}
	err := syscall.Kill(-c.pid(), sig)
	if c.frozen { // a stopped process acts on nothing but SIGKILL
		err = errors.Join(err, syscall.Kill(-c.pid(), syscall.SIGCONT))
		c.frozen = false
	}
	if err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("sending %v to %s: %w", sig, c.spec.Name, err)
	}
	return nil
}

func (c *child) pause(sig syscall.Signal, frozen bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.running() {
		return fmt.Errorf("%s is down", c.spec.Name)
	}
	if err := syscall.Kill(-c.pid(), sig); err != nil {
		return fmt.Errorf("sending %v to %s: %w", sig, c.spec.Name, err)
	}
	c.frozen = frozen
	return nil
}

func (c *child) pid() int { return c.cmd.Process.Pid }

func (c *child) alive() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running()
}

// running needs the lock, so that nobody signals a process that was reaped a moment ago.
func (c *child) running() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}

func (c *child) status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.running():
		return Status{Name: c.spec.Name, State: "down"}
	case c.frozen:
		return Status{Name: c.spec.Name, State: "frozen", PID: c.pid()}
	default:
		return Status{Name: c.spec.Name, State: "running", PID: c.pid()}
	}
}
