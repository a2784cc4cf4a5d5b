package control

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/proc"
)

type fakeGroup struct{ orders chan string }

func (g fakeGroup) note(verb, name string) error {
	g.orders <- verb + " " + name
	if name == "nobody" {
		return errors.New("no such component")
	}
	return nil
}
func (g fakeGroup) Kill(n string) error                       { return g.note("kill", n) }
func (g fakeGroup) Freeze(n string) error                     { return g.note("freeze", n) }
func (g fakeGroup) Thaw(n string) error                       { return g.note("thaw", n) }
func (g fakeGroup) Restart(_ context.Context, n string) error { return g.note("start", n) }
func (g fakeGroup) Status() []proc.Status {
	return []proc.Status{{Name: "etcd", State: "running", PID: 7}}
}

func TestOrders(t *testing.T) {
	group := fakeGroup{orders: make(chan string, 1)}
	path := filepath.Join(t.TempDir(), "s")
	server, err := Listen(path, group)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- server.Run(ctx) }()

	for _, verb := range []string{Kill, Freeze, Thaw, Start} {
		list, err := Order(t.Context(), path, Request{Verb: verb, Component: "etcd"})
		if err != nil || len(list) != 1 || list[0].PID != 7 {
			t.Errorf("%s: %v, %v", verb, list, err)
		}
		if got := <-group.orders; got != verb+" etcd" {
			t.Errorf("the group got %q", got)
		}
	}
	if _, err := Order(t.Context(), path, Request{Verb: Kill, Component: "nobody"}); err == nil || !strings.Contains(err.Error(), "no such component") {
		t.Errorf("a failed order returned %v", err)
	}
	if _, err := Order(t.Context(), path, Request{Verb: "dance"}); err == nil {
		t.Error("an unknown order was obeyed")
	}
	stop()
	if err := <-served; err != nil {
		t.Errorf("Run: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}
