package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/control"
)

// componentNames lists the components that any kind of cluster has.
var componentNames = []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "kubelet", "containerd"}

func (a *app) faultCommands() []*cobra.Command {
	return []*cobra.Command{
		a.faultCommand(control.Kill, "Kill a component with SIGKILL; it stays down until `devcluster start`"),
		a.faultCommand(control.Freeze, "Suspend a component with SIGSTOP: its connections stay open, but it does not respond"),
		a.faultCommand(control.Thaw, "Resume a frozen component with SIGCONT"),
		a.faultCommand(control.Start, "Restart a killed component and wait until it is ready"),
	}
}

func (a *app) faultCommand(verb, short string) *cobra.Command {
	return &cobra.Command{
		Use:       verb + " COMPONENT",
		Short:     short,
		Long:      short + ".\n\nComponents: " + strings.Join(componentNames, ", ") + ".",
		Example:   fmt.Sprintf("  devcluster %s kube-apiserver\n  devcluster %s kwok        # the simulated nodes", verb, verb),
		Args:      exactlyOne("COMPONENT: one of " + strings.Join(componentNames, ", ")),
		ValidArgs: componentNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.send(cmd.Context(), control.Request{Verb: verb, Component: args[0]})
		},
	}
}

func (a *app) send(ctx context.Context, req control.Request) error {
	dir, ready, err := a.readReady()
	if err != nil {
		return err
	}
	if _, err := control.Send(ctx, ready.Socket, req); err != nil {
		return fmt.Errorf("%s %s in %s: %w", req.Verb, req.Component, dir, err)
	}
	return nil
}

func exactlyOne(argument string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("%s needs one %s", cmd.CommandPath(), argument)
		}
		return nil
	}
}
