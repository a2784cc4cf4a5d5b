package component

import (
	"os"

	"github.com/spf13/pflag"
)

// DropGlobalFlags empties the flag set of the process. Packages of Kubernetes register flags there when
// they are imported, and cobra adds all of it to any command: kwok's --version clashes with theirs.
func DropGlobalFlags() {
	pflag.CommandLine = pflag.NewFlagSet(os.Args[0], pflag.ExitOnError)
}
