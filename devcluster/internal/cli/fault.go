package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/control"
)

// components can be broken; which of them run depends on the node.
var components = []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "kubelet", "containerd"}

func (a *app) faults() []*cobra.Command {
	return []*cobra.Command{
		a.fault(control.Kill, "Kill a component with SIGKILL; it stays down until `devcluster start`"),
		a.fault(control.Freeze, "Stop a component's clock: its connections stay open and nobody answers"),
		a.fault(control.Thaw, "Let a frozen component go on"),
		a.fault(control.Start, "Start a killed component again and wait until it is ready"),
	}
}

func (a *app) fault(verb, short string) *cobra.Command {
	return &cobra.Command{
		Use:       verb + " COMPONENT",
		Short:     short,
		Long:      short + ".\n\nComponents: " + strings.Join(components, ", ") + ".",
		Example:   fmt.Sprintf("  devcluster %s kube-apiserver\n  devcluster %s kwok        # the simulated nodes", verb, verb),
		Args:      exactlyOne("COMPONENT: one of " + strings.Join(components, ", ")),
		ValidArgs: components,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.order(cmd.Context(), control.Request{Verb: verb, Component: args[0]})
		},
	}
}

func (a *app) order(ctx context.Context, req control.Request) error {
	dir, ready, err := a.running()
	if err != nil {
		return err
	}
	if _, err := control.Order(ctx, ready.Socket, req); err != nil {
		return fmt.Errorf("%s %s in %s: %w", req.Verb, req.Component, dir, err)
	}
	return nil
}

func exactlyOne(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("%s needs one %s", cmd.CommandPath(), what)
		}
		return nil
	}
}
