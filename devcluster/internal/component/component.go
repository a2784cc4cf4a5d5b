package component

import (
	"maps"
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/supervisor"
)

// Main runs a component until it exits or is signalled, and returns the exit code. args[0] is its name.
type Main func(args []string) int

// Find returns the component of that name, if it exists on this operating system.
func Find(name string) (Main, bool) {
	all := map[string]Main{
		"etcd":                    runEtcd,
		"kube-apiserver":          kubernetes(func() *cobra.Command { return apiserver.NewAPIServerCommand() }),
		"kube-controller-manager": kubernetes(controllermanager.NewControllerManagerCommand),
		"kube-scheduler":          kubernetes(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
		"kwok":                    runKwok,
	}
	maps.Copy(all, nodeComponents())
	run, ok := all[name]
	return run, ok
}

func kubernetes(command func() *cobra.Command) Main {
	return func(args []string) int {
		supervisor.ExitWithParent()
		os.Args = args // the component parses its flags from here
		return cli.Run(command())
	}
}

func runEtcd(args []string) int {
	supervisor.ExitWithParent()
	etcdmain.Main(args)
	return 0
}
