package cli

import (
	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/app"
	"github.com/ottoscaler/ottoscaler/internal/config"
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
		RunE: runRole(version, func(cfg config.Config, o app.Options) (role, error) { return gateway.New(cfg, o) }),
	}
	c.Flags().String(flagPprof, "", "serve Go profiles at this loopback address, such as 127.0.0.1:6060")
	return c
}
