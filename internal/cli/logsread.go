package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/ottoscaler/ottoscaler/internal/podlogs"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/text"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// maxGone bounds the workers without a Pod that are shown one by one.
const maxGone = 20

// printAll prints what there is.
func (l *logsCommand) printAll(ctx context.Context) error {
	all, err := l.list(ctx)
	if err == nil {
		err = l.checkContainers(all)
	}
	if err == nil {
		err = l.printGone(all)
	}
	if err == nil {
		err = l.readAll(ctx, all)
	}
	return errors.Join(err, l.facts.redisErr)
}

func (l *logsCommand) readAll(ctx context.Context, all []podlogs.Pod) error {
	merger := podlogs.NewMerger(0)
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range all {
		for _, t := range l.containersOf(p) {
			in := merger.Add()
			group.Go(func() error { return in.Pump(l.client.Read(ctx, t, l.from)) })
		}
	}
	merger.Close()
	group.Go(func() error { return merger.Run(ctx, l.printer.print) })
	return accessError(group.Wait())
}

// printGone says of workers without a Pod what became of them, with the last lines that the status stream kept.
func (l *logsCommand) printGone(all []podlogs.Pod) error {
	gone, waiting := l.goneWorkers(all)
	if waiting > 0 {
		fmt.Fprintf(l.notes, "ottoscaler: %d workers have no Pod now: ottoscaler explain %s\n", waiting, l.facts.id)
	}
	if more := len(gone) - maxGone; more > 0 {
		fmt.Fprintf(l.notes, "ottoscaler: the Pods of %d more workers are gone: ottoscaler get workers %s\n", more, l.facts.id)
		gone = gone[:maxGone]
	}
	for _, e := range gone {
		for _, line := range describeGone(e.Fields) {
			if err := l.printer.print(l.goneLine(e, line)); err != nil {
				return err
			}
		}
	}
	return nil
}

// goneWorkers returns the outcomes of workers that have no Pod any more, failures first, and how many workers have no outcome
// and no Pod.
func (l *logsCommand) goneWorkers(all []podlogs.Pod) (gone []inspect.StatusEntry, waiting int) {
	there := make(map[int]bool)
	for _, p := range all {
		_, slot, _, _ := l.names.Parse(p.Name)
		there[slot] = true
	}
	ended := 0
	for _, e := range l.facts.history {
		slot, _ := strconv.Atoi(e.Fields["index"])
		if !worker.State(e.Fields["state"]).IsOutcome() || l.slot > 0 && slot != l.slot {
			continue
		}
		if ended++; !there[slot] {
			gone = append(gone, e)
		}
	}
	slices.SortStableFunc(gone, func(a, b inspect.StatusEntry) int { return failedLast(b) - failedLast(a) })
	rec := l.facts.record
	if rec == nil || rec.Closed || l.slot > 0 {
		return gone, 0
	}
	return gone, max(0, len(rec.Slots)-ended-countPods(there, l.facts.history))
}

func failedLast(e inspect.StatusEntry) int {
	if s := worker.State(e.Fields["state"]); s == worker.StateFailed || s == worker.StateLost {
		return 1
	}
	return 0
}

// countPods counts the workers that have a Pod and no outcome.
func countPods(there map[int]bool, history []inspect.StatusEntry) int {
	n := len(there)
	for _, e := range history {
		if slot, _ := strconv.Atoi(e.Fields["index"]); there[slot] && worker.State(e.Fields["state"]).IsOutcome() {
			n--
		}
	}
	return n
}

// describeGone is what the status stream says about a worker, and the lines that it kept.
func describeGone(f map[string]string) []string {
	what := "the Pod is gone, as is its log: " + f["state"]
	if f["reason"] != "" {
		what += " (" + f["reason"] + ")"
	}
	if f["exit_code"] != "" {
		what += ", exit code " + f["exit_code"]
	}
	if f["at"] != "" {
		what += ", at " + f["at"]
	}
	message := strings.TrimSpace(f["message"])
	if message == "" {
		return []string{what}
	}
	return append([]string{what + "; the status stream kept:"}, strings.Split(message, "\n")...)
}

func (l *logsCommand) goneLine(e inspect.StatusEntry, line string) podlogs.Line {
	f := e.Fields
	slot, _ := strconv.Atoi(f["index"])
	attempt, _ := strconv.Atoi(f["attempt"])
	t := podlogs.Target{Namespace: l.namespace, Pod: l.names.Pod(l.facts.id, slot, max(1, attempt)), Container: text.Printable(f["container"])}
	return podlogs.Line{Target: t, Text: []byte(line), Marker: markerStatus}
}
