package main

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func shell(t *testing.T, script string, onExit func(error)) *process {
	t.Helper()
	p, err := startProcess("sh", filepath.Join(t.TempDir(), "log"), exec.Command("sh", "-c", script), nil, onExit)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProcessThatExitsUnexpectedly(t *testing.T) {
	died := make(chan error, 1)
	shell(t, "echo first; echo the reason >&2; exit 7", func(err error) { died <- err })
	err := <-died
	b := &bytes.Buffer{}
	newPrinter(b).failure(err)
	for _, part := range []string{"sh exited unexpectedly: exit status 7", "end of the log of sh", "    the reason"} {
		if !strings.Contains(b.String(), part) {
			t.Errorf("does not say %q:\n%s", part, b)
		}
	}
}

func TestProcessStops(t *testing.T) {
	onExit := func(err error) { t.Error("not onExit:", err) }
	if err := shell(t, "exec sleep 60", onExit).stop(10 * time.Second); err != nil {
		t.Error("one that obeys:", err)
	}
	stubborn := shell(t, "trap '' TERM; echo deaf; while :; do sleep 60; done", onExit)
	for len(tail(stubborn.log)) == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := stubborn.stop(50 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "was killed") {
		t.Error("one that does not:", err)
	}
}

func TestCleanupsRunInReverseAndGoOn(t *testing.T) {
	var c cleanups
	order := ""
	c.add("first", func() error { order += "1"; return nil })
	c.add("second", func() error { order += "2"; return errors.New("boom") })
	c.add("third", func() error { order += "3"; return nil })
	err := c.run()
	if order != "321" || err == nil || err.Error() != "second: boom" {
		t.Errorf("order %s, error %v", order, err)
	}
}
