// Command demo starts a Redis, a Kubernetes and an Ottoscaler on this machine, sends an event and shows what happens. It is not
// part of the product.
package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"k8s.io/klog/v2"
)

func main() {
	// Children get SIGTERM when the thread that started them ends (see process_linux.go): keep it.
	runtime.LockOSThread()
	// client-go logs errors when the cluster stops.
	klog.SetSlogLogger(slog.New(slog.DiscardHandler))
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run never restores the signals: clean-ups continue after further signals, and each has its limit. SIGPIPE is included for
// `make demo | head`.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	return runCommand(ctx, args, stdout, stderr)
}
