package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

const (
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a wrong command line.
type usageError struct{ error }

func runCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	newPrinter(stderr).failure(err)
	if usage := (usageError{}); errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "demo",
		Short: "Run Ottoscaler with its own Redis and Kubernetes",
		Long: `Run Ottoscaler with its own Redis and Kubernetes. It starts bin/ottoscaler and bin/devcluster from the folder of this
program, or the paths in OTTOSCALER and DEVCLUSTER, and a redis-server from the PATH.`,
		Args:          noArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w: see %q", err, c.CommandPath()+" --help")}
	})
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(newDemo(), newDev(), newTestEvent())
	return root
}

func newDemo() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "demo",
		Short: "Run three workers from one XADD to their end, scale two others down, and clean up",
		Example: `  bin/demo demo
  bin/demo demo --node kwok --redis embedded    # Go programs only`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check("auto", "containerd", "kwok"); err != nil {
				return err
			}
			return runDemo(c.Context(), o, newPrinter(c.OutOrStdout()))
		},
	}
	o.flags(c)
	return c
}

func newDev() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "dev",
		Short: "Run Redis, Kubernetes and Ottoscaler until Ctrl-C, for manual tests",
		Long: `Run Redis, Kubernetes and Ottoscaler until Ctrl-C. Each start has no earlier data; the end removes everything.
Ottoscaler's variables (OTTO_…) are passed on.`,
		Example: `  bin/demo dev
  OTTO_SUCCEEDED_TTL=5m bin/demo dev --node kwok`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.check("auto", "containerd", "kwok", "none"); err != nil {
				return err
			}
			return runDev(c.Context(), o, newPrinter(c.OutOrStdout()))
		},
	}
	o.flags(c)
	return c
}

func newTestEvent() *cobra.Command {
	e := defaultEvent()
	c := &cobra.Command{
		Use:   "test-event",
		Short: "Send one event to the Redis of dev, or to REDIS_HOST and REDIS_PORT",
		Example: `  bin/demo test-event
  bin/demo test-event --pods 20 --task nightly-build
  bin/demo test-event --type scale_down                 # cancels workers of task-123
  bin/demo test-event --template graceful               # workers that handle SIGTERM
  REDIS_HOST=localhost REDIS_PORT=6379 bin/demo test-event`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return runTestEvent(c.Context(), e, newPrinter(c.OutOrStdout()))
		},
	}
	c.Flags().StringVar(&e.pods, "pods", e.pods, "pod_count")
	c.Flags().StringVar(&e.task, "task", e.task, "task_id")
	c.Flags().StringVar(&e.kind, "type", e.kind, "type: scale_up or scale_down")
	c.Flags().StringVar(&e.template, "template", e.template, "template: dev has "+templateName)
	return c
}

// options choose the parts of a stack.
type options struct {
	node  string
	redis string
}

func (o *options) flags(c *cobra.Command) {
	c.Flags().StringVar(&o.node, "node", "auto", "the node: auto, containerd (real) or kwok (simulated)")
	c.Flags().StringVar(&o.redis, "redis", "auto", "auto, server (a redis-server from the PATH) or embedded")
}

func (o *options) check(nodes ...string) error {
	if err := oneOf("--node", o.node, nodes...); err != nil {
		return err
	}
	return oneOf("--redis", o.redis, "auto", "server", "embedded")
}

func oneOf(flag, value string, choices ...string) error {
	if slices.Contains(choices, value) {
		return nil
	}
	return usageError{fmt.Errorf("%s %q: choose one of %s", flag, value, strings.Join(choices, ", "))}
}

// noArgs rejects arguments, and so unknown commands.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usageError{fmt.Errorf("%q takes no argument %q: see %q", c.CommandPath(), args[0], c.CommandPath()+" --help")}
}
