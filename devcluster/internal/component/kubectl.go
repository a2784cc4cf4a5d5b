package component

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	kubectl "k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

// Kubectl runs kubectl with these arguments (without its own name) and exits like it: kubectl ends the
// process itself after most errors.
func Kubectl(args []string) int {
	DropGlobalFlags()
	os.Args = append([]string{"kubectl"}, args...)           // it looks for plugins there
	_, _ = logs.GlogSetter(kubectl.GetLogVerbosity(os.Args)) // -v counts from the first line on
	command := kubectl.NewDefaultKubectlCommand()
	if err := cli.RunNoErrOutput(command); err != nil {
		util.CheckErr(err)
	}
	return 0
}
