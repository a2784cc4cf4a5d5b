package cli

import (
	"context"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/app"
	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s/pods"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/control"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// deps are what the commands for people need. They reach Redis and Kubernetes as `run` does.
type deps struct {
	cfg     config.Config
	version string
	redis   *redis.Client
	reader  *inspect.Reader
}

// withDeps runs a command with its deps, and with the libraries' log lines discarded.
func withDeps(version string, command func(c *cobra.Command, d *deps, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		cfg, err := config.Load(config.Environ())
		if err != nil {
			return usageError{errcode.Wrap(errcode.Configuration, err)}
		}
		app.RouteLibraryLogs(slog.New(slog.DiscardHandler))
		client, err := app.NewRedis(cfg.Redis)
		if err != nil {
			return err
		}
		defer func() { _ = client.Close() }() // the command has its results
		return command(c, &deps{
			cfg: cfg, version: version, redis: client, reader: inspect.NewReader(client, cfg.Redis.Stream, cfg.Redis.ConsumerGroup),
		}, args)
	}
}

// cluster is Kubernetes as `run` would use it.
type cluster struct {
	*pods.Client

	namespace string // of the workers
	templates *templates.Set
}

// cluster returns the way to Kubernetes. Some commands work without one.
func (d *deps) cluster() (*cluster, error) {
	set, err := app.LoadTemplates(d.cfg.Workers)
	if err != nil {
		return nil, err
	}
	access, namespace, err := app.ClusterAccess(d.cfg.Workers)
	if err != nil {
		return nil, err
	}
	cfg := d.cfg
	cfg.Workers.Namespace = namespace
	client, err := pods.New(access, app.ClusterOptions(cfg, set, d.version, slog.New(slog.DiscardHandler)))
	return &cluster{client, namespace, set}, errcode.Wrap(errcode.ClusterAccess, err)
}

// controls is the way of operators' commands.
func (d *deps) controls() controls { return controlStream{d} }

type controlStream struct{ *deps }

// Send implements controls.
func (s controlStream) Send(ctx context.Context, cmd worker.Command) (event.ID, error) {
	return control.Send(ctx, s.redis, s.cfg.Redis.Stream, cmd)
}

// Paused implements controls.
func (s controlStream) Paused(ctx context.Context) (map[string]worker.Paused, error) {
	return s.reader.Paused(ctx)
}

// namespace is that of the workers; empty: it is neither configured nor known from a kubeconfig.
func (d *deps) namespace() string {
	_, namespace, _ := app.ClusterAccess(d.cfg.Workers) // check reports the error
	return namespace
}
