// Command devcluster runs a real Kubernetes on loopback, from one binary and without a container engine.
//
// The binary contains all components: `devcluster kube-apiserver …` is the API server. Each component needs a
// process of its own, because Kubernetes sets up logging and signal handling once per process, and because
// faults are injected into one component at a time.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/cli"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/component"
)

func main() {
	if len(os.Args) > 1 {
		if run, ok := component.Find(os.Args[1]); ok {
			os.Exit(run(os.Args[1:]))
		}
	}
	os.Exit(runCLI())
}

func runCLI() int {
	component.ResetGlobalFlags()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := cli.Run(ctx, cli.Env{
		Args:    os.Args[1:],
		Lookup:  os.LookupEnv,
		In:      os.Stdin,
		Out:     os.Stdout,
		Err:     os.Stderr,
		Version: component.Version(),
		Kubectl: component.Kubectl,
	})
	code, printErr := cli.ExitCode(err)
	if printErr {
		fmt.Fprintln(os.Stderr, "devcluster:", err)
	}
	return code
}
