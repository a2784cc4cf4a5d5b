// Command demo shows Ottoscaler at work: it starts a Redis, a Kubernetes and an Ottoscaler on this machine, as programs
// of their own, sends an event and tells what becomes of it. Nothing of it is part of the product.
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
	// Children are told to end when the thread that started them does (see process_linux.go): this one stays.
	runtime.LockOSThread()
	// What client-go has to say at the end of a cluster is of no interest.
	klog.SetSlogLogger(slog.New(slog.DiscardHandler))
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run never restores the signals: whatever comes while cleaning up, the clean-ups go on, and each has its limit. SIGPIPE
// is one of them: `make demo | head` has to clean up too.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	return runCommand(ctx, args, stdout, stderr)
}
