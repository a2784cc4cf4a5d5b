package cli

import (
	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/app"
	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/gateway"
)

func newServe(version string) *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve the HTTP API until stopped: events, workers, queues, and a live stream",
		Long: `Serve the HTTP API until SIGTERM or SIGINT, beside "run" and in any number of replicas. It reads Redis and Kubernetes, starts
no worker, and sends events and commands only with OTTO_API_WRITE=true. Give it the environment of "run". It is configured by:

` + config.ServeUsage() + `
Without Redis or Kubernetes it serves what it can, and GET /v1/installation says what is missing. docs/api.md has every endpoint.

Exit codes: 0 stopped, 1 the port is taken, 2 usage or configuration.`,
		Example: `  REDIS_HOST=localhost ottoscaler serve
  curl localhost:8090/v1/events
  curl -N localhost:8090/v1/stream`,
		Args: noArgs,
		RunE: serve(version),
	}
	c.Flags().String(flagPprof, "", "serve Go profiles at this loopback address, such as 127.0.0.1:6060")
	return c
}

func serve(version string) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, _ []string) error {
		environ := config.Environ()
		cfg, err := config.Load(environ)
		if err != nil {
			return usageError{errcode.Wrap(errcode.Configuration, err)}
		}
		log := newLogger(c.ErrOrStderr(), cfg.Process)
		for _, name := range config.Unknown(environ) {
			errcode.Warn(log, errcode.UnknownVariable, "variable", name, "did_you_mean", config.Suggest(name))
		}
		app.RouteLibraryLogs(log)
		profiles, err := c.Flags().GetString(flagPprof)
		if err != nil {
			return err
		}
		setUpRuntime(cfg.Process, profiles != "")
		g, err := gateway.New(cfg, gateway.Options{Version: version, ProfilesAddr: profiles, Logger: log})
		if err != nil {
			return err
		}
		return g.Run(c.Context())
	}
}
