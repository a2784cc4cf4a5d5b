// Package cli holds the commands, a file each. `run` starts the daemon of package app; the others are for people: they read
// Redis and Kubernetes and print, and log nothing.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/app"
)

// The exit codes.
const (
	exitOK     = 0
	exitBroken = 1 // unreachable, or broken
	exitUsage  = 2 // usage or configuration
	exitCheck  = 3 // a check failed
	exitFailed = 4 // a followed event had workers that failed
)

// exitError has an exit code of its own.
type exitError struct {
	code int
	error
}

func (e exitError) Unwrap() error { return e.error }

// usageError is the caller's mistake: exit code 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// Main runs the command line and returns the exit code. An error is printed once, in one line where possible.
func Main(ctx context.Context, version string, args []string, stdout, stderr io.Writer) int {
	root := newRoot(version)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(stderr, "ottoscaler: %v\n", err)
	return exitCode(err)
}

func exitCode(err error) int {
	var (
		usage  usageError
		cfg    *app.ConfigError
		status exitError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage), errors.As(err, &cfg):
		return exitUsage
	case errors.As(err, &status):
		return status.code
	}
	return exitBroken
}

func newRoot(version string) *cobra.Command {
	root := &cobra.Command{
		Use:   "ottoscaler",
		Short: "Turn the entries of a Redis Stream into one-shot worker Pods in Kubernetes",
		Long: `Ottoscaler reads a Redis Stream. One entry, such as

  XADD otto:scale:events * type scale_up pod_count 3 task_id task-123

becomes exactly three Otto agent Pods, which are watched to their end, reported on the stream's status stream
and cleaned up. It is configured by environment variables: see "ottoscaler run --help".`,
		Example: `  REDIS_HOST=localhost ottoscaler    # run until Ctrl-C
  ottoscaler run --help              # list the configuration
  ottoscaler check                   # check Redis and Kubernetes
  ottoscaler scale up 3 --watch      # send an event and follow it
  ottoscaler explain task-123        # why isn't my event running?`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE:          runDaemon(version),
	}
	root.SetVersionTemplate("ottoscaler {{.Version}}\n")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w: see %q", err, c.CommandPath()+" --help")}
	})
	root.AddCommand(newRun(version), newServe(version), newHealthcheck(), newVersion(version), newConfig(),
		newScale(version), newCancel(version), newPause(version), newResume(version),
		newGet(version), newExplain(version), newLogs(version), newDead(version), newCheck(version))
	return root
}

// noArgs refuses arguments, and so unknown commands.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usageError{fmt.Errorf("%q takes no argument %q: see %q", c.CommandPath(), args[0], c.CommandPath()+" --help")}
}

func oneArg(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == 1 {
			return nil
		}
		return usageError{fmt.Errorf("%q takes one argument, %s: see %q", c.CommandPath(), name, c.CommandPath()+" --help")}
	}
}

func atMostOneArg(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < 2 {
			return nil
		}
		return oneArg(name)(c, args)
	}
}

// showHelp is the action of a command that only groups others.
func showHelp(c *cobra.Command, _ []string) error { return c.Help() }
