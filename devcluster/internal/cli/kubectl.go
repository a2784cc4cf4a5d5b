package cli

import (
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) kubectl() *cobra.Command {
	return &cobra.Command{
		Use:   "kubectl [ARGUMENTS…]",
		Short: "Run kubectl against the cluster",
		Example: `  devcluster kubectl get pods -A
  devcluster kubectl run hello --image busybox --image-pull-policy IfNotPresent --restart Never -- echo hello
  devcluster kubectl --dir /tmp/a apply -f - <pod.yaml`,
		DisableFlagParsing: true, // all flags are kubectl's, except a leading --dir
		RunE: func(_ *cobra.Command, args []string) error {
			return a.runKubectl(a.takeDir(args))
		},
	}
}

// takeDir removes a leading --dir, which is not a flag of kubectl.
func (a *app) takeDir(args []string) []string {
	switch {
	case len(args) >= 2 && args[0] == "--dir":
		a.dir = args[1]
		return args[2:]
	case len(args) >= 1 && strings.HasPrefix(args[0], "--dir="):
		a.dir = strings.TrimPrefix(args[0], "--dir=")
		return args[1:]
	}
	return args
}

func (a *app) runKubectl(args []string) error {
	dir, err := a.stateDir()
	if err != nil {
		return err
	}
	if _, err := dir.ReadReady(); err != nil && needsCluster(args) {
		return err
	}
	if err := os.Setenv("KUBECONFIG", dir.Kubeconfig()); err != nil {
		return err
	}
	if code := a.env.Kubectl(args); code != 0 {
		return ExitError(code)
	}
	return nil
}

// needsCluster is false for commands that work without a cluster, and with an explicit --kubeconfig.
func needsCluster(args []string) bool {
	offline := []string{"help", "completion", "options", "kustomize", "plugin", "version", "config"}
	if len(args) == 0 || slices.Contains(offline, args[0]) {
		return false
	}
	return !slices.ContainsFunc(args, func(arg string) bool {
		return arg == "-h" || arg == "--help" || strings.HasPrefix(arg, "--kubeconfig")
	})
}
