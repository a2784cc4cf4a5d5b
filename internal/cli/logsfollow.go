package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ottoscaler/ottoscaler/internal/podlogs"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/retry"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	// idleLimit is how long, after every worker has its outcome, a container that does not end may print nothing.
	idleLimit  = 15 * time.Second
	retryPause = time.Second
)

// errIdle means that containers did not end though their workers have.
var errIdle = errors.New("idle")

// podFollower follows the containers of Pods as they appear.
//
//	Pods, as the watch shows them -> a follow for each container -> merger -> printer
//	the status stream says when every worker has its outcome -> no more Pods -> the end
type podFollower struct {
	*logsCommand

	merger *podlogs.Merger
	group  *errgroup.Group

	mu     sync.Mutex
	seen   map[podlogs.Target]bool
	closed bool
}

// followAll prints until every worker has its outcome and every line was printed.
func (l *logsCommand) followAll(ctx context.Context) error {
	all, err := l.list(ctx)
	if err == nil {
		err = l.checkContainers(all)
	}
	if err == nil {
		err = l.printGone(all)
	}
	if err != nil {
		return err
	}
	group, following := errgroup.WithContext(ctx)
	f := &podFollower{logsCommand: l, merger: podlogs.NewMerger(podlogs.DefaultWindow), group: group, seen: make(map[podlogs.Target]bool)}
	for _, p := range all {
		f.follow(following, p, l.from)
	}
	var outcome error
	group.Go(func() (err error) {
		outcome, err = f.run(following)
		return err
	})
	group.Go(func() error { return f.merger.Run(following, l.printer.print) })
	err = group.Wait()
	return l.followed(ctx, err, outcome)
}

// followed says why following ended.
func (l *logsCommand) followed(ctx context.Context, err, outcome error) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("stopped following; the event continues: ottoscaler explain %s", l.facts.id)
	case errors.Is(err, errIdle):
		fmt.Fprintf(l.notes, "ottoscaler: every worker has its outcome; what has not ended and printed nothing for %v is left\n", idleLimit)
		return outcome
	case err != nil:
		return accessError(err)
	}
	return outcome
}

// run watches Pods until every worker has its outcome, and returns what that means for the exit code.
func (f *podFollower) run(ctx context.Context) (outcome, err error) {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	f.group.Go(func() error {
		err := f.client.WatchPods(watching, f.namespace, f.selector(), func(p podlogs.Pod) {
			f.follow(ctx, p, podlogs.From{Since: f.from.Since})
		})
		if errors.Is(err, context.Canceled) { // every worker has its outcome
			err = nil
		}
		return err
	})
	if outcome, err = f.waitOutcome(ctx); err != nil {
		return nil, err
	}
	stop()
	f.last(ctx)
	f.printer.touch()
	for f.printer.idle() < idleLimit {
		if !retry.Sleep(ctx, retryPause) {
			return outcome, nil
		}
		if f.ended() {
			return outcome, nil
		}
	}
	return outcome, errIdle
}

// follow begins to follow the containers of a Pod, unless it has begun already.
func (f *podFollower) follow(ctx context.Context, p podlogs.Pod, from podlogs.From) {
	if p.Deleted || !f.wants(p) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, t := range f.containersOf(p) {
		if f.seen[t] || f.closed {
			continue
		}
		f.seen[t] = true
		in := f.merger.Add()
		f.group.Go(func() error { return in.Pump(f.client.Follow(ctx, t, from)) })
	}
}

// last looks for Pods that the watch has not shown, then says that there will be no others.
func (f *podFollower) last(ctx context.Context) {
	all, err := f.list(ctx)
	if err != nil {
		fmt.Fprintf(f.notes, "ottoscaler: Pods that were created last may be missing: %v\n", err)
	}
	for _, p := range all {
		f.follow(ctx, p, podlogs.From{Since: f.from.Since})
	}
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.merger.Close()
}

// ended reports whether every follow has ended, so that nothing will be printed.
func (f *podFollower) ended() bool { return f.merger.Ended() }

// waitOutcome waits until the workers have their outcomes. Its first result is what they mean for the exit code.
func (f *podFollower) waitOutcome(ctx context.Context) (outcome, err error) {
	if rec := f.facts.record; rec != nil && rec.Closed && len(f.facts.history) == 0 {
		return closedStatus(rec, f.slot), nil
	}
	entries, last, err := f.reader.History(ctx, f.facts.id)
	for {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for _, e := range entries {
			if done, status := f.ends(e); done {
				return status, nil
			}
		}
		if err != nil { // it passes: Pods are followed meanwhile
			retry.Sleep(ctx, retryPause)
		}
		if last == "" {
			entries, last, err = f.reader.History(ctx, f.facts.id)
		} else {
			entries, last, err = f.reader.Follow(ctx, f.facts.id, last)
		}
	}
}

// ends reports whether a status entry is the last one that is waited for.
func (f *podFollower) ends(e inspect.StatusEntry) (done bool, status error) {
	if e.Ends() && (f.slot == 0 || e.Kind() != "closed") {
		return true, exitStatus(e)
	}
	if f.slot == 0 || e.Kind() != "worker" && !e.Ends() {
		return false, nil
	}
	slot, _ := strconv.Atoi(e.Fields["index"])
	state := worker.State(e.Fields["state"])
	if !e.Ends() && (slot != f.slot || !state.IsOutcome()) {
		return false, nil
	}
	return true, workerStatus(state)
}

// workerStatus is what a worker's outcome means for the exit code.
func workerStatus(s worker.State) error {
	if s == worker.StateFailed || s == worker.StateLost {
		return exitError{exitFailed, fmt.Errorf("the worker is %s", s)}
	}
	return nil
}

// closedStatus is that of an event whose status entries are trimmed.
func closedStatus(rec *worker.Record, slot int) error {
	if slot > 0 && slot <= len(rec.Slots) {
		return workerStatus(rec.Slots[slot-1].State)
	}
	if n := rec.Counts.Failed + rec.Counts.Lost; n > 0 {
		return exitError{exitFailed, fmt.Errorf("workers failed: %d, lost: %d", rec.Counts.Failed, rec.Counts.Lost)}
	}
	return nil
}
