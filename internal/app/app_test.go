package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// kubeconfig names an API server that does not answer.
const kubeconfig = `apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, namespace: builds}}]
clusters: [{name: test, cluster: {server: "http://127.0.0.1:1"}}]
`

// load returns a configuration that New accepts, but for what environ changes.
func load(t *testing.T, environ map[string]string) config.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, []byte(kubeconfig), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", path)
	cfg, err := config.Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func options() Options { return Options{Version: "v1", Logger: slog.New(slog.DiscardHandler)} }

func TestNew(t *testing.T) {
	a, err := New(load(t, nil), options())
	if err != nil {
		t.Fatal(err)
	}
	defer a.closeRedis()
	if a.lease == nil || a.cfg.Workers.Namespace != "builds" || a.owner() != (records.Owner{Namespace: "builds", Instance: "ottoscaler"}) {
		t.Errorf("lease %v, namespace %q, owner %+v", a.lease, a.cfg.Workers.Namespace, a.owner())
	}
	if _, ok := a.snapshot(t.Context()); ok {
		t.Error("a snapshot without a term")
	}
}

func TestNewFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "big.yaml"), []byte("spec: 1"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		environ  map[string]string
		profiles string
		noConfig bool // there is no kubeconfig
		want     string
		isConfig bool
	}{
		"template": {environ: map[string]string{"OTTO_WORKER_TEMPLATES": dir}, want: "OTTO102", isConfig: true},
		"profiles": {profiles: "0.0.0.0:6060", want: "--pprof", isConfig: true},
		"cluster":  {noConfig: true, want: "OTTO106"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, o := load(t, test.environ), options()
			o.ProfilesAddr = test.profiles
			if test.noConfig {
				t.Setenv("KUBECONFIG", "")
				t.Setenv("HOME", t.TempDir())
			}
			_, err := New(cfg, o)
			var configErr *ConfigError
			if err == nil || !strings.Contains(err.Error(), test.want) || errors.As(err, &configErr) != test.isConfig {
				t.Errorf("got %v, a ConfigError: %v", err, configErr != nil)
			}
		})
	}
}

// TestRunListens: an address in use ends Run before Redis or Kubernetes is waited for.
func TestRunListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	a, err := New(load(t, map[string]string{"OTTO_HTTP_ADDR": l.Addr().String()}), options())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "OTTO103") || !strings.Contains(err.Error(), "OTTO_HTTP_ADDR") {
		t.Errorf("got %v", err)
	}
}

// TestRunStops: a stop during the start is no failure.
func TestRunStops(t *testing.T) {
	a, err := New(load(t, map[string]string{"REDIS_HOST": "127.0.0.1", "REDIS_PORT": "1", "OTTO_HTTP_ADDR": "127.0.0.1:0"}), options())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := a.Run(ctx); err != nil {
		t.Errorf("got %v", err)
	}
}

// TestChecks: a standby is ready, a leader that does not watch is not, nor is one whose stream another installation owns.
func TestChecks(t *testing.T) {
	a, err := New(load(t, nil), options())
	if err != nil {
		t.Fatal(err)
	}
	defer a.closeRedis()
	if err := a.checkWatch(t.Context()); err != nil {
		t.Errorf("standby: %v", err)
	}
	a.leading.Store(true)
	if err := a.checkWatch(t.Context()); err == nil {
		t.Error("a leader that does not watch passes")
	}
	a.termFailed(&records.OwnedError{}, 0)
	if err := a.checkOwner(t.Context()); err == nil {
		t.Error("the stream of another installation passes")
	}
	a.termFailed(worker.ErrStreamReplaced, 0)
	if err := a.checkOwner(t.Context()); err != nil {
		t.Errorf("after another failure: %v", err)
	}
}

// TestDefaultRunsTheDemo: the default of OTTO_AGENT_IMAGE is the image that the demo belongs to.
func TestDefaultRunsTheDemo(t *testing.T) {
	if got := TemplateOptions(load(t, nil).Workers).Program(); !strings.HasPrefix(got, "the demo of ") {
		t.Errorf("it runs %s", got)
	}
	other := load(t, map[string]string{"OTTO_AGENT_IMAGE": "a", "OTTO_AGENT_COMMAND": `["b"]`, "OTTO_AGENT_ARGS": `["c"]`})
	if got := TemplateOptions(other.Workers).Program(); got != `["b"] ["c"] in a` {
		t.Errorf("it runs %s", got)
	}
}
