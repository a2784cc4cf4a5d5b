// Package cli holds the commands. Each is one file; run.go is the composition root.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	exitOK     = 0
	exitBroken = 1 // unreachable, or broken
	exitUsage  = 2 // usage or configuration
)

// usageError is the caller's mistake: exit code 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// Main runs the command line and returns the exit code. An error is said once, in one line where that is possible.
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
	if usage := (usageError{}); errors.As(err, &usage) {
		return exitUsage
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
  ottoscaler run --help              # the configuration`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE:          runE(version, new(string)),
	}
	root.SetVersionTemplate("ottoscaler {{.Version}}\n")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w: see %q", err, c.CommandPath()+" --help")}
	})
	root.AddCommand(newRun(version), newVersion(version))
	return root
}

// noArgs refuses arguments, and so unknown commands.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usageError{fmt.Errorf("%q takes no argument %q: see %q", c.CommandPath(), args[0], c.CommandPath()+" --help")}
}
