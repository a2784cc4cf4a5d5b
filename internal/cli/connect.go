package cli

import (
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/trouble"
)

// tools are what the commands for people work with. They find Redis and Kubernetes as `run` does, and log nothing: what
// they have to say they print.
type tools struct {
	cfg     config.Config
	version string
	redis   *redis.Client
	reader  *redis.Reader
}

// withTools runs a command with Redis at hand.
func withTools(version string, f func(c *cobra.Command, t *tools, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		cfg, err := config.Load(config.Environ())
		if err != nil {
			return usageError{fail(trouble.Configuration, err)}
		}
		quiet := slog.New(slog.DiscardHandler)
		routeKlog(quiet)
		redis.LogTo(quiet)
		client, err := redis.NewClient(redisOptions(cfg.Redis))
		if err != nil {
			return usageError{fail(trouble.Redis, err)}
		}
		defer func() { _ = client.Close() }()
		return f(c, &tools{
			cfg: cfg, version: version, redis: client, reader: redis.NewReader(client, cfg.Redis.Stream, cfg.Redis.ConsumerGroup),
		}, args)
	}
}

// cluster is the way to Kubernetes, for those commands that can do without it.
func (t *tools) cluster() (*k8s.Client, error) {
	client, message, err := t.reach()
	return client, fail(message, err)
}

// reach is cluster with the message of the trouble apart.
func (t *tools) reach() (client *k8s.Client, message string, err error) {
	templates, err := k8s.LoadTemplates(templateOptions(t.cfg.Workers))
	if err != nil {
		return nil, trouble.Template, err
	}
	access, namespace, err := k8s.LoadConfig()
	if err != nil {
		return nil, trouble.Access, err
	}
	w := t.cfg.Workers
	if w.Namespace == "" {
		w.Namespace = namespace
	}
	client, err = k8s.New(access, k8s.Options{
		Namespace: w.Namespace, Instance: w.Instance, Stream: t.cfg.Redis.Stream, Names: event.NewNames(w.Instance, t.cfg.Redis.Stream),
		Templates: templates, Version: t.version, Logger: slog.New(slog.DiscardHandler),
	})
	return client, trouble.Access, err
}
