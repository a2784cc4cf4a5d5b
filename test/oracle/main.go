// Command oracle checks a finished run of the product from its traces alone: the API server's audit log, a recorded
// MONITOR of Redis, and the state of Redis at the end. See package checker for the rules and their reasons.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/test/oracle/checker"
)

// errRuleBroken is a run that broke a rule: exit code 1. Any other error is exit code 2.
var errRuleBroken = errors.New("the run broke a rule")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	switch {
	case errors.Is(err, errRuleBroken):
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(2)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:   "oracle",
		Short: "Check a run of ottoscaler from the traces it left",
		Long: "Record while ottoscaler runs, wait until nothing is pending, then check.\n" +
			"Exit code: 0 every rule kept, 1 a rule broken or not checkable, 2 error.",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(recordCommand(), checkCommand())
	return root
}

func recordCommand() *cobra.Command {
	var addr, out string
	c := &cobra.Command{
		Use:   "record --redis ADDR --out FILE",
		Short: "Write Redis' MONITOR to a file until SIGINT or SIGTERM",
		Example: "  oracle record --redis 127.0.0.1:6379 --out monitor.log &\n" +
			"  oracle record --redis redis://user:password@127.0.0.1:6379 --out monitor.log &",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return checker.Record(c.Context(), addr, out) },
	}
	c.Flags().StringVar(&addr, "redis", "127.0.0.1:6379", "host:port or redis:// URL")
	c.Flags().StringVar(&out, "out", "", "output file; its first line appears once nothing is missed any more")
	required(c, "out")
	return c
}

func checkCommand() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "check --audit FILE --monitor FILE --redis ADDR --namespace NS",
		Short: "Check O1 to O15 and print a table",
		Example: "  oracle check --audit audit.log --monitor monitor.log --redis 127.0.0.1:6379 --namespace ci \\\n" +
			"      --granted 'create pods,delete pods,get pods,list pods,watch pods'\n" +
			"  oracle check --audit audit.log --monitor monitor.log --namespace ci --fault killed,redis",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c) },
	}
	o.flags(c)
	required(c, "audit", "namespace")
	return c
}

func required(c *cobra.Command, flags ...string) {
	for _, f := range flags {
		if err := c.MarkFlagRequired(f); err != nil {
			panic(err) // unknown flag
		}
	}
}
