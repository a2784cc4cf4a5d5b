// Command otto-run sends a request to Ottoscaler and prints what becomes of it.
//
//	otto-run --redis localhost:6379 --workers 3 --task task-123
//
// It exits with 0 when all workers are done, 4 when one failed or was lost, 2 when the request is wrong or rejected, and 1 when Redis
// cannot be used. The first interrupt cancels the event; its end is waited for. The second one leaves it alone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/client"
)

// The exit codes of `ottoscaler scale --watch`.
const (
	exitDone   = 0
	exitError  = 1
	exitUsage  = 2
	exitFailed = 4
)

func main() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	os.Exit(run(context.Background(), signals, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, signals <-chan os.Signal, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("otto-run", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("redis", "localhost:6379", "the address of Redis")
	stream := flags.String("stream", "otto:scale:events", "the stream that Ottoscaler reads")
	var r client.Request
	flags.IntVar(&r.PodCount, "workers", 1, "how many workers to start")
	flags.StringVar(&r.TaskID, "task", "", "your name for the work")
	flags.StringVar(&r.Queue, "queue", "", "whose work it is")
	flags.StringVar(&r.IdempotencyKey, "key", "", "the idempotency key; the same one again starts nothing")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		return exitUsage
	}
	rdb := redis.NewClient(&redis.Options{Addr: *addr})
	defer rdb.Close()
	otto := client.New(rdb, client.Options{Stream: *stream})
	defer otto.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	return follow(ctx, stop, signals, otto, r, stdout, stderr)
}

func follow(
	ctx context.Context, stop func(), signals <-chan os.Signal, otto *client.Client, r client.Request, stdout, stderr io.Writer,
) int {
	run, err := otto.Run(ctx, r)
	if err != nil {
		return report(stderr, err)
	}
	fmt.Fprintf(stdout, "event %s\n", run.EventID())
	go interrupt(ctx, stop, signals, run, stderr)
	for s, err := range run.Events(ctx) {
		if err != nil {
			return report(stderr, err)
		}
		printStatus(stdout, &s)
	}
	result, err := run.Wait(ctx)
	switch {
	case err != nil:
		return report(stderr, err)
	case result.Counts.Failed+result.Counts.Lost > 0:
		return exitFailed
	}
	return exitDone
}

// interrupt cancels the event at the first signal, and stops waiting at the second.
func interrupt(ctx context.Context, stop func(), signals <-chan os.Signal, run *client.Run, stderr io.Writer) {
	select {
	case <-signals:
	case <-ctx.Done():
		return
	}
	if _, err := run.Cancel(ctx); err != nil {
		fmt.Fprintln(stderr, "otto-run: cannot cancel:", err)
	}
	select {
	case <-signals:
		stop()
	case <-ctx.Done():
	}
}

func printStatus(w io.Writer, s *client.Status) {
	if s.Kind != client.KindWorker {
		fmt.Fprintln(w, s.Kind, s.Message)
		return
	}
	fmt.Fprintf(w, "worker %d %s %s", s.Index, s.State, s.Reason)
	if s.ExitCode != nil {
		fmt.Fprintf(w, " exit code %d", *s.ExitCode)
	}
	fmt.Fprintln(w, "", s.Message)
}

func report(stderr io.Writer, err error) int {
	fmt.Fprintln(stderr, "otto-run:", err)
	if own, ok := errors.AsType[client.Error](err); ok {
		fmt.Fprintln(stderr, "fix:", own.Fix())
	}
	if _, rejected := errors.AsType[*client.RejectedError](err); rejected {
		return exitUsage
	}
	if _, invalid := errors.AsType[*client.RequestError](err); invalid {
		return exitUsage
	}
	return exitError
}
