//go:build real

package faults

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// stopLimit is a Pod's default grace period.
const stopLimit = 30 * time.Second

// product is one process of the product.
type product struct {
	c     *scenario
	cmd   *exec.Cmd
	log   string // a file
	ended chan struct{}
}

// launch starts a process without waiting. All have the same identity, unless env sets another, so that after a crash the next
// one gets the Lease back at once.
func (c *scenario) launch(env ...string) *product {
	c.t.Helper()
	all := append([]string{"POD_NAME=ottoscaler-0", "OTTO_HTTP_ADDR=127.0.0.1:" + freePort(c.t)}, append(c.env, env...)...)
	p := &product{c: c, cmd: c.Command(all...), ended: make(chan struct{})}
	p.log = filepath.Join(c.logs, fmt.Sprintf("%03d.log", len(c.products)+1))
	file, err := os.Create(p.log)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	p.cmd.Stdout, p.cmd.Stderr = file, file
	if err := p.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	go func() { _ = p.cmd.Wait(); close(p.ended) }()
	c.products = append(c.products, p)
	return p
}

// start is launch and waits until the product is ready.
func (c *scenario) start(env ...string) *product {
	c.t.Helper()
	p := c.launch(env...)
	c.Eventually("the product to be ready", func() error { return p.logged("ottoscaler is ready") })
	return p
}

// text is its log.
func (p *product) text() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (p *product) has(text string) bool { return strings.Contains(p.text(), text) }

func (p *product) logged(text string) error {
	if p.has(text) {
		return nil
	}
	select {
	case <-p.ended:
		p.c.t.Fatalf("the product ended: %v\n%s", p.cmd.ProcessState, p.text())
	default:
	}
	return fmt.Errorf("no log line has %q", text)
}

// kill sends SIGKILL; it does nothing if the process has ended.
func (p *product) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

func (p *product) signal(s syscall.Signal) {
	p.c.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.c.t.Fatal(err)
	}
}

// stop sends SIGTERM and returns the exit code.
func (p *product) stop() int {
	p.c.t.Helper()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(stopLimit):
		p.c.t.Fatalf("it did not stop within %v", stopLimit)
	}
	return p.cmd.ProcessState.ExitCode()
}

// memory is the peak of resident memory in MiB without the pages of the binary, which the system can drop and reread under a
// memory limit; 0 where the system has no figures.
func (p *product) memory() int { return (p.status("VmHWM:") - p.status("RssFile:")) / 1024 }

// status reads a number from /proc.
func (p *product) status(field string) int {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	_, rest, _ := strings.Cut(string(data), field)
	var n int
	_, _ = fmt.Sscan(rest, &n)
	return n
}
