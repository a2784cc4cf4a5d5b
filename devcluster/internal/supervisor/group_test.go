package supervisor

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// sleeper handles SIGTERM: without a handler the signal would end the process even while it is frozen.
func sleeper(t *testing.T) Spec {
	return Spec{
		Name: "sleeper", Path: "/bin/sh", Args: []string{"-c", "trap 'exit 0' TERM; echo hello; while :; do sleep 1; done"},
		LogFile: filepath.Join(t.TempDir(), "log"), StopTimeout: time.Hour,
	}
}

func newGroup(t *testing.T) *Group {
	g := NewGroup(slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		if err := g.StopAll(); err != nil {
			t.Errorf("StopAll: %v", err)
		}
	})
	return g
}

func start(t *testing.T, g *Group, s Spec) Status {
	t.Helper()
	if err := g.Start(t.Context(), s); err != nil {
		t.Fatalf("Start: %v", err)
	}
	return g.Status()[0]
}

func state(g *Group) string { return g.Status()[0].State }

func TestFaults(t *testing.T) {
	g := newGroup(t)
	first := start(t, g, sleeper(t))
	steps := []struct {
		name string
		do   func() error
		want string
	}{
		{"freeze", func() error { return g.Freeze("sleeper") }, "frozen"},
		{"thaw", func() error { return g.Thaw("sleeper") }, "running"},
		{"kill", func() error { return g.Kill("sleeper") }, "down"},
		{"kill again", func() error { return g.Kill("sleeper") }, "down"},
		{"restart", func() error { return g.Restart(t.Context(), "sleeper") }, "running"},
		{"freeze before stop", func() error { return g.Freeze("sleeper") }, "frozen"},
		{"stop", func() error { return g.Stop("sleeper") }, "down"},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if got := state(g); got != step.want {
			t.Fatalf("after %s the state is %s, want %s", step.name, got, step.want)
		}
	}
	if err := syscall.Kill(first.PID, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the killed process still exists: %v", err)
	}
	select {
	case e := <-g.Exited():
		t.Errorf("a requested stop was reported: %+v", e)
	default:
	}
}

func TestFaultsRequireRunningComponent(t *testing.T) {
	g := newGroup(t)
	if err := g.Kill("missing"); !errors.Is(err, ErrUnknownComponent) {
		t.Errorf("killing an unknown component: %v", err)
	}
	start(t, g, sleeper(t))
	if err := g.Start(t.Context(), sleeper(t)); err == nil {
		t.Error("a running component was started again")
	}
	if err := g.Kill("sleeper"); err != nil {
		t.Fatal(err)
	}
	if err := g.Freeze("sleeper"); err == nil {
		t.Error("a component that is down was frozen")
	}
}

func TestStopKillsAfterTimeout(t *testing.T) {
	g := newGroup(t)
	s := sleeper(t)
	s.Args = []string{"-c", "trap '' TERM; while :; do sleep 1; done"}
	s.StopTimeout = 50 * time.Millisecond
	start(t, g, s)
	if err := g.Stop("sleeper"); err != nil {
		t.Fatal(err)
	}
	if got := state(g); got != "down" {
		t.Errorf("state %s, want down", got)
	}
}

func TestUnexpectedExitIsReported(t *testing.T) {
	g := newGroup(t)
	s := sleeper(t)
	s.Args = []string{"-c", "echo final output; read line; exit 3"} // stdin is empty
	probed := make(chan struct{})
	s.Ready = func(context.Context) error { close(probed); return nil }
	err := g.Start(t.Context(), s)
	<-probed
	if err != nil { // it exited before it was marked ready: Start returns the log
		if !strings.Contains(err.Error(), "final output") {
			t.Errorf("error %v does not contain the log", err)
		}
		return
	}
	e := <-g.Exited()
	if e.Name != "sleeper" || e.Err == nil || !strings.Contains(e.LogTail, "final output") {
		t.Errorf("unexpected event: %+v", e)
	}
}

func TestStartFails(t *testing.T) {
	never := func(context.Context) error { return errors.New("not yet") }
	tests := []struct {
		name string
		spec Spec
		want string
	}{
		{"no such file", Spec{Path: "/nowhere"}, "no such file"},
		{"exits", Spec{Path: "/bin/sh", Args: []string{"-c", "echo because; exit 3"}, Ready: never}, "because"},
		{"never ready", Spec{Path: "/bin/sleep", Args: []string{"600"}, Ready: never, ReadyTimeout: 60 * time.Millisecond}, "not yet"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGroup(t)
			tt.spec.Name, tt.spec.LogFile = "x", filepath.Join(t.TempDir(), "log")
			err := g.Start(t.Context(), tt.spec)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if list := g.Status(); len(list) > 0 && list[0].State != "down" {
				t.Errorf("still running: %+v", list)
			}
		})
	}
}
