// Command devcluster runs a real Kubernetes on loopback, from one binary and without a container engine.
//
// The binary is all components at once: started as `devcluster kube-apiserver …` it is the API server. Each
// has to be a process of its own, because logging and signal handling of Kubernetes can be set up only once
// in a process, and because the fault tests kill them one by one.
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
	component.DropGlobalFlags()
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
	code, tell := cli.Code(err)
	if tell {
		fmt.Fprintln(os.Stderr, "devcluster:", err)
	}
	return code
}
