package control

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/supervisor"
)

type fakeComponents struct{ calls chan string }

func (c fakeComponents) record(verb, name string) error {
	c.calls <- verb + " " + name
	if name == "missing" {
		return errors.New("no such component")
	}
	return nil
}
func (c fakeComponents) Kill(n string) error                       { return c.record("kill", n) }
func (c fakeComponents) Freeze(n string) error                     { return c.record("freeze", n) }
func (c fakeComponents) Thaw(n string) error                       { return c.record("thaw", n) }
func (c fakeComponents) Restart(_ context.Context, n string) error { return c.record("start", n) }
func (c fakeComponents) Status() []supervisor.Status {
	return []supervisor.Status{{Name: "etcd", State: "running", PID: 7}}
}

func TestRequests(t *testing.T) {
	components := fakeComponents{calls: make(chan string, 1)}
	path := filepath.Join(t.TempDir(), "s")
	server, err := Listen(path, components)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- server.Run(ctx) }()

	for _, verb := range []string{Kill, Freeze, Thaw, Start} {
		list, err := Send(t.Context(), path, Request{Verb: verb, Component: "etcd"})
		if err != nil || len(list) != 1 || list[0].PID != 7 {
			t.Errorf("%s: %v, %v", verb, list, err)
		}
		if got := <-components.calls; got != verb+" etcd" {
			t.Errorf("called %q, want %s etcd", got, verb)
		}
	}
	_, err = Send(t.Context(), path, Request{Verb: Kill, Component: "missing"})
	if err == nil || !strings.Contains(err.Error(), "no such component") {
		t.Errorf("a failed request returned %v", err)
	}
	if _, err := Send(t.Context(), path, Request{Verb: "unknown"}); err == nil {
		t.Error("an unknown verb was accepted")
	}
	stop()
	if err := <-served; err != nil {
		t.Errorf("Run: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket still exists: %v", err)
	}
}
