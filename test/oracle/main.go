// Command oracle judges a finished run of the product from its traces alone: the API server's audit log, a recorded
// MONITOR of Redis, and what Redis holds at the end. See package judge for what it checks and why.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/test/oracle/judge"
)

// errGuilty is a run that broke a promise: exit code 1. Any other error is exit code 2.
var errGuilty = errors.New("the run failed")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	switch {
	case errors.Is(err, errGuilty):
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(2)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "oracle",
		Short:         "Judge a run of ottoscaler from the traces it left",
		Long:          "Record while ottoscaler runs, let it come to rest, then judge. Exit code: 0 all promises kept, 1 not, 2 cannot tell.",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(recordCommand(), judgeCommand())
	return root
}

func recordCommand() *cobra.Command {
	var addr, out string
	c := &cobra.Command{
		Use:     "record --redis ADDR --out FILE",
		Short:   "Write Redis' MONITOR to a file until SIGINT or SIGTERM",
		Example: "  oracle record --redis 127.0.0.1:6379 --out monitor.log &\n  oracle record --redis redis://user:password@127.0.0.1:6379 --out monitor.log &",
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return judge.Record(c.Context(), addr, out) },
	}
	c.Flags().StringVar(&addr, "redis", "127.0.0.1:6379", "host:port or redis:// URL")
	c.Flags().StringVar(&out, "out", "", "the file; its first line appears when nothing is missed any more")
	required(c, "out")
	return c
}

func judgeCommand() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "judge --audit FILE --monitor FILE --redis ADDR --namespace NS",
		Short: "Check O1 to O11 and print a table",
		Example: "  oracle judge --audit audit.log --monitor monitor.log --redis 127.0.0.1:6379 --namespace ci \\\n" +
			"      --granted 'create pods,delete pods,get pods,list pods,watch pods'\n" +
			"  oracle judge --audit audit.log --monitor monitor.log --namespace ci --fault killed,redis",
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
			panic(err) // a flag that does not exist
		}
	}
}
