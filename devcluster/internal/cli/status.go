package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/control"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/poll"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/statedir"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/supervisor"
)

func (a *app) status() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Show the cluster in the folder; exit code 1 if none is running",
		Example: "  devcluster status\n  devcluster status --json | jq -r .kubeconfig",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ready, list, err := a.queryStatus(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(ready, list)
			}
			return a.printStatus(ready, list)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print ready.json and the states of the components as JSON")
	return cmd
}

// queryStatus asks the running `up`: ready.json may be left from a killed one.
func (a *app) queryStatus(ctx context.Context) (statedir.Ready, []supervisor.Status, error) {
	dir, ready, err := a.readReady()
	if err != nil {
		return ready, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	list, err := control.Send(ctx, ready.Socket, control.Request{Verb: control.Status})
	if err != nil {
		return ready, nil, fmt.Errorf("%w: %s (the previous one was killed; `devcluster up` or `devcluster clean` removes its remains): %w",
			statedir.ErrNotRunning, dir, err)
	}
	return ready, list, nil
}

func (a *app) printJSON(ready statedir.Ready, list []supervisor.Status) error {
	enc := json.NewEncoder(a.env.Out)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		statedir.Ready
		States []supervisor.Status `json:"states"`
	}{ready, list})
}

func (a *app) printStatus(ready statedir.Ready, list []supervisor.Status) error {
	fmt.Fprintf(a.env.Out, "%s\nnode: %s, up since %s, process %d\n\n",
		ready.Dir, ready.Node, ready.StartedAt.Local().Format(time.TimeOnly), ready.PID)
	tw := tabwriter.NewWriter(a.env.Out, 0, 0, 2, ' ', 0)
	for _, s := range list {
		fmt.Fprintf(tw, "  %s\t%s\t%d\n", s.Name, s.State, s.PID)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(a.env.Out, "\nKUBECONFIG=%s\n", ready.Kubeconfig)
	return nil
}

func (a *app) wait() *cobra.Command {
	timeout := time.Minute
	cmd := &cobra.Command{
		Use:     "wait",
		Short:   "Wait until the cluster in the folder is ready",
		Example: "  devcluster up --dir /tmp/a >up.log 2>&1 &\n  devcluster wait --dir /tmp/a --timeout 60s",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			return a.waitReady(ctx, timeout)
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", timeout, "maximum time to wait")
	return cmd
}

func (a *app) waitReady(ctx context.Context, timeout time.Duration) error {
	err := poll.Until(ctx, 100*time.Millisecond, func(ctx context.Context) (bool, error) {
		_, _, err := a.queryStatus(ctx)
		return err == nil, err
	})
	if err != nil {
		return fmt.Errorf("cluster not ready after %v: %w", timeout, err)
	}
	return nil
}
