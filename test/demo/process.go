package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	tailLines = 25
	tailWidth = 300 // characters of a line
)

// process is a started program. It has its own process group, so that Ctrl-C reaches only the demo, which then stops everything
// in order.
type process struct {
	name     string
	log      string // file with its output; empty: it goes to the terminal
	cmd      *exec.Cmd
	stopping atomic.Bool
	exited   chan struct{}
}

// startProcess runs cmd and calls onExit when it ends without stop. Its output goes to the log and, if not nil, to also.
func startProcess(name, log string, cmd *exec.Cmd, also io.Writer, onExit func(error)) (*process, error) {
	p := &process{name: name, log: log, cmd: cmd, exited: make(chan struct{})}
	file, err := p.redirect(also)
	if err != nil {
		return nil, err
	}
	cmd.SysProcAttr = processGroup()
	cmd.WaitDelay = 2 * time.Second // a grandchild may hold the pipe
	if err := cmd.Start(); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	go p.wait(file, onExit)
	return p, nil
}

// redirect sends the output to the log. Without a log the file is nil, which may be closed, too.
func (p *process) redirect(also io.Writer) (*os.File, error) {
	if p.log == "" {
		return nil, nil
	}
	file, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", p.name, err)
	}
	p.cmd.Stdout, p.cmd.Stderr = file, file
	if also != nil {
		p.cmd.Stdout = io.MultiWriter(file, also)
	}
	return file, nil
}

func (p *process) wait(file *os.File, onExit func(error)) {
	_ = p.cmd.Wait()
	_ = file.Close()
	close(p.exited)
	if !p.stopping.Load() {
		onExit(p.withLog(fmt.Errorf("%s exited unexpectedly: %s", p.name, p.cmd.ProcessState)))
	}
}

// stop sends SIGTERM, after the limit SIGKILL, and returns when the process has ended.
func (p *process) stop(limit time.Duration) error {
	p.stopping.Store(true)
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
		return nil
	case <-time.After(limit):
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.exited
	return fmt.Errorf("%s did not stop within %s and was killed", p.name, limit)
}

// withLog adds the end of the process's log to an error: the log is removed with the scratch folder.
func (p *process) withLog(err error) error {
	return &logError{err: err, who: p.name, tail: tail(p.log)}
}

// logError is an error with the end of the log of the process that may explain it.
type logError struct {
	err  error
	who  string
	tail []string
}

func (b *logError) Error() string { return b.err.Error() }
func (b *logError) Unwrap() error { return b.err }

func tail(file string) []string {
	data, err := os.ReadFile(file)
	text := strings.TrimSpace(string(data))
	if err != nil || text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	for i, line := range lines {
		if runes := []rune(line); len(runes) > tailWidth {
			lines[i] = string(runes[:tailWidth]) + "…"
		}
	}
	return lines
}
