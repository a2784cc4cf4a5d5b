package component

import (
	"os"

	"github.com/spf13/pflag"
)

// ResetGlobalFlags empties the global flag set. Kubernetes packages register flags there when they are imported, and
// cobra adds them to every command: kwok's --version would conflict with theirs.
func ResetGlobalFlags() {
	pflag.CommandLine = pflag.NewFlagSet(os.Args[0], pflag.ExitOnError)
}
