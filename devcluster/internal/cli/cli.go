// Package cli holds the commands of devcluster.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/statedir"
)

// Env is all that the commands get from the outside.
type Env struct {
	Args    []string
	Lookup  func(string) (string, bool) // an environment variable
	In      io.Reader
	Out     io.Writer
	Err     io.Writer
	Version string                  // of Kubernetes
	Kubectl func(args []string) int // runs kubectl in this process
}

// ExitError is an error that has been told already; only its code is left to say.
type ExitError int

func (e ExitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// Run runs the command that Args name.
func Run(ctx context.Context, env Env) error {
	a := &app{env: env}
	root := a.root()
	root.SetArgs(env.Args)
	root.SetIn(env.In)
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	return root.ExecuteContext(ctx)
}

type app struct {
	env     Env
	dir     string
	verbose bool
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "devcluster",
		Short: "A real Kubernetes on loopback, from one binary, without a container engine",
		Long: `devcluster runs etcd, the Kubernetes API server, controller-manager and scheduler as child
processes on loopback, with one node: a real one (containerd, runc and kubelet; root on Linux) or
simulated ones (kwok; anywhere). It is ready in seconds and leaves nothing behind.`,
		Example: `  devcluster up                          # in one terminal; Ctrl-C ends it
  devcluster kubectl get nodes           # in another one, from the same folder
  devcluster kubectl run hello --image=busybox:latest --image-pull-policy=IfNotPresent \
      --restart=Never -- echo hello
  devcluster kubectl logs hello`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVar(&a.dir, "dir", "",
		"the cluster's folder (default: $DEVCLUSTER_DIR, else one per user and working directory)")
	root.PersistentFlags().BoolVar(&a.verbose, "verbose", false, "tell more on stderr")
	root.AddCommand(a.up(), a.wait(), a.status(), a.kubectl(), a.kubeconfig(), a.token(), a.load(), a.clean(), a.version())
	root.AddCommand(a.faults()...)
	return root
}

// folder is the cluster's folder, whichever way it was named.
func (a *app) folder() (statedir.Dir, error) {
	if a.dir != "" {
		return statedir.Of(a.dir)
	}
	return statedir.Default(a.env.Lookup)
}

func (a *app) logger() *slog.Logger {
	level := slog.LevelWarn
	if a.verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(a.env.Err, &slog.HandlerOptions{Level: level}))
}

// running returns the cluster that runs in the folder.
func (a *app) running() (statedir.Dir, statedir.Ready, error) {
	dir, err := a.folder()
	if err != nil {
		return "", statedir.Ready{}, err
	}
	ready, err := dir.ReadReady()
	return dir, ready, err
}

// Code is the exit code for what Run returned, and whether the error is still to be told.
func Code(err error) (code int, tell bool) {
	var exit ExitError
	switch {
	case err == nil:
		return 0, false
	case errors.As(err, &exit):
		return int(exit), false
	default:
		return 1, true
	}
}

// self is the path of this binary, which all components are started from.
func self() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this binary: %w", err)
	}
	return path, nil
}
