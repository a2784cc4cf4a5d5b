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

// usageError is the caller's mistake.
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
		Short: "Show Ottoscaler at work, on a Redis and a Kubernetes of its own",
		Long: `Show Ottoscaler at work. The programs it starts are bin/ottoscaler and bin/devcluster beside this one, unless the
environment variables OTTOSCALER and DEVCLUSTER name others, and a redis-server from the PATH.`,
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
		Short: "Three workers from one XADD, live, from Pending to gone, and two taken away; leaves nothing behind",
		Example: `  bin/demo demo
  bin/demo demo --node kwok --redis embedded    # nothing but Go programs`,
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
		Short: "Keep Redis, Kubernetes and Ottoscaler up to play with, until Ctrl-C",
		Long: `Keep Redis, Kubernetes and Ottoscaler up until Ctrl-C. Each start is a fresh one; the end removes everything.
Variables of Ottoscaler's own (OTTO_…) are passed on.`,
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
		Short: "Send one event to what dev runs, or to REDIS_HOST and REDIS_PORT",
		Example: `  bin/demo test-event
  bin/demo test-event --pods 20 --task nightly-build
  bin/demo test-event --type scale_down                 # takes task-123's workers away
  bin/demo test-event --template graceful               # workers that heed SIGTERM
  REDIS_HOST=localhost REDIS_PORT=6379 bin/demo test-event`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return runTestEvent(c.Context(), e, newPrinter(c.OutOrStdout()))
		},
	}
	c.Flags().StringVar(&e.pods, "pods", e.pods, "pod_count")
	c.Flags().StringVar(&e.task, "task", e.task, "task_id")
	c.Flags().StringVar(&e.kind, "type", e.kind, "type: scale_up or scale_down")
	c.Flags().StringVar(&e.template, "template", e.template, "template: "+templateName+" is there where dev runs")
	return c
}

// options choose the parts of a stack.
type options struct {
	node  string
	redis string
}

func (o *options) flags(c *cobra.Command) {
	c.Flags().StringVar(&o.node, "node", "auto", "what Pods run on: auto, containerd (a real node) or kwok (simulated)")
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

// noArgs refuses arguments, and so unknown commands.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usageError{fmt.Errorf("%q takes no argument %q: see %q", c.CommandPath(), args[0], c.CommandPath()+" --help")}
}
