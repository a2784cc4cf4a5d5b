package cli

import (
	"context"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/app"
	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
)

const flagPprof = "pprof"

func newRun(version string) *cobra.Command {
	c := &cobra.Command{
		Use:   "run",
		Short: "Read the stream and run workers until stopped (the default command)",
		Long: `Read the stream and run workers until SIGTERM or SIGINT. Everything is configured by environment variables:

` + config.Usage() + `
Kubernetes is found as every Kubernetes client finds it: in a cluster by the Pod's ServiceAccount, else by KUBECONFIG,
else by ~/.kube/config.

Exit codes: 0 stopped, 1 Redis or Kubernetes unreachable, 2 usage or configuration.`,
		Example: `  REDIS_HOST=localhost KUBECONFIG=./kubeconfig ottoscaler run`,
		Args:    noArgs,
		RunE:    runDaemon(version),
	}
	c.Flags().String(flagPprof, "", "serve Go profiles at this loopback address, such as 127.0.0.1:6060")
	return c
}

// runDaemon is the root command's action too, which has no flag for profiles.
func runDaemon(version string) func(*cobra.Command, []string) error {
	return runRole(version, func(cfg config.Config, o app.Options) (role, error) { return app.New(cfg, o) })
}

// role is what this binary does until it is stopped: see app.App and gateway.Gateway.
type role interface {
	Run(ctx context.Context) error
}

// runRole loads the configuration, sets the process up, and runs what build makes of both.
func runRole(version string, build func(config.Config, app.Options) (role, error)) func(*cobra.Command, []string) error {
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
		profiles, _ := c.Flags().GetString(flagPprof) // its error: the command does not have the flag
		setUpRuntime(cfg.Process, profiles != "")
		r, err := build(cfg, app.Options{Version: version, ProfilesAddr: profiles, Logger: log})
		if err != nil {
			return err
		}
		return r.Run(c.Context())
	}
}

// setUpRuntime stops the sampling of allocations where no profiles are served.
func setUpRuntime(p config.Process, profiled bool) {
	runtime.GOMAXPROCS(p.Threads)
	if !profiled {
		runtime.MemProfileRate = 0
	}
}
