package component

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	kubectl "k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

// Kubectl runs kubectl with these arguments, which exclude its name. After most errors kubectl exits the process
// itself.
func Kubectl(args []string) int {
	ResetGlobalFlags()
	os.Args = append([]string{"kubectl"}, args...)           // kubectl looks up its plugins from here
	_, _ = logs.GlogSetter(kubectl.GetLogVerbosity(os.Args)) // applies -v before the first message
	command := kubectl.NewDefaultKubectlCommand()
	if err := cli.RunNoErrOutput(command); err != nil {
		util.CheckErr(err)
	}
	return 0
}
