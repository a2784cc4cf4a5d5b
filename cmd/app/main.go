// Command ottoscaler turns the entries of a Redis Stream into one-shot worker Pods in Kubernetes.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/ottoscaler/ottoscaler/internal/cli"
)

// version is set by the linker.
var version = "dev"

func main() {
	ctx, restore := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	// A second signal ends the process at once, without the grace period.
	context.AfterFunc(ctx, restore)
	os.Exit(cli.Main(ctx, version, os.Args[1:], os.Stdout, os.Stderr))
}
