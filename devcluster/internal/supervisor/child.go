package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/poll"
)

const pollInterval = 25 * time.Millisecond

// child is one run of a component: a restarted component is a new child.
type child struct {
	spec Spec
	cmd  *exec.Cmd
	done chan struct{} // closed when the process was reaped

	mu            sync.Mutex
	stopRequested bool
	ready         bool
	frozen        bool
	exitErr       error
}

func newChild(s Spec) *child {
	if s.StopTimeout == 0 {
		s.StopTimeout = 10 * time.Second
	}
	if s.ReadyTimeout == 0 {
		s.ReadyTimeout = time.Minute
	}
	return &child{spec: s, done: make(chan struct{})}
}

func (c *child) start(f *forker) error {
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
	return f.start(c.cmd)
}

// wait reaps the process and reports whether it exited unexpectedly. A child that never became ready does not
// count: Start returns that error.
func (c *child) wait() (unexpected bool, err error) {
	err = c.cmd.Wait()
	_ = syscall.Kill(-c.pid(), syscall.SIGKILL) // remaining processes of its process group
	c.mu.Lock()
	defer c.mu.Unlock()
	c.exitErr = err
	close(c.done)
	return c.ready && !c.stopRequested, err
}

func (c *child) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.spec.ReadyTimeout)
	defer cancel()
	return poll.Until(ctx, pollInterval, func(ctx context.Context) (bool, error) {
		err := c.probe(ctx)
		if err == nil || !c.alive() {
			return true, c.markReady()
		}
		return false, err
	})
}

func (c *child) probe(ctx context.Context) error {
	if c.spec.Ready == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return c.spec.Ready(ctx)
}

// markReady fails when the process has exited: another process may have answered the probe.
func (c *child) markReady() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.running():
		c.ready = true
		return nil
	case c.exitErr == nil:
		return errors.New("exited with code 0")
	default:
		return fmt.Errorf("exited: %w", c.exitErr)
	}
}

func (c *child) stop() error {
	if err := c.terminate(syscall.SIGTERM); err != nil {
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
	if err := c.terminate(syscall.SIGKILL); err != nil {
		return err
	}
	<-c.done
	return nil
}

// terminate signals the whole process group. It is a success when the process has already exited.
func (c *child) terminate(sig syscall.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopRequested = true
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

// setFrozen sends SIGSTOP or SIGCONT to the whole process group.
func (c *child) setFrozen(frozen bool) error {
	sig := syscall.SIGCONT
	if frozen {
		sig = syscall.SIGSTOP
	}
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

// running needs the lock, so that a process that was just reaped is not signalled.
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
