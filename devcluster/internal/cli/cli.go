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

// Env is the environment of the commands.
type Env struct {
	Args    []string
	Lookup  func(string) (string, bool) // reads an environment variable
	In      io.Reader
	Out     io.Writer
	Err     io.Writer
	Version string                  // of Kubernetes
	Kubectl func(args []string) int // runs kubectl in this process
}

// ExitError is an exit code whose error was already printed.
type ExitError int

func (e ExitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// Run executes the command in env.Args.
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
processes on loopback, with one real node (containerd, runc and kubelet; needs root on Linux) or with
simulated nodes (kwok; on any system). It is ready in seconds and removes everything it created.`,
		Example: `  devcluster up                          # in one terminal; Ctrl-C stops it
  devcluster kubectl get nodes           # in another one, from the same directory
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
	root.PersistentFlags().BoolVar(&a.verbose, "verbose", false, "print debug messages to stderr")
	root.AddCommand(a.up(), a.wait(), a.status(), a.kubectl(), a.kubeconfig(), a.token(), a.load(), a.clean(), a.version())
	root.AddCommand(a.faultCommands()...)
	return root
}

// stateDir is the folder of the cluster, from --dir or the environment.
func (a *app) stateDir() (statedir.Dir, error) {
	if a.dir != "" {
		return statedir.New(a.dir)
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

// readReady returns ready.json, which a killed `up` may have left: see queryStatus.
func (a *app) readReady() (statedir.Dir, statedir.Ready, error) {
	dir, err := a.stateDir()
	if err != nil {
		return "", statedir.Ready{}, err
	}
	ready, err := dir.ReadReady()
	return dir, ready, err
}

// ExitCode returns the exit code for an error of Run, and whether the error has to be printed.
func ExitCode(err error) (code int, printErr bool) {
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

// executable is the path of this binary, which is also the binary of all components.
func executable() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("locating this binary: %w", err)
	}
	return path, nil
}
