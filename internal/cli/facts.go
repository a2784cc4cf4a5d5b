package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ottoscaler/ottoscaler/internal/app"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s/leader"
	"github.com/ottoscaler/ottoscaler/internal/k8s/pods"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// maxOthers bounds the further events of a task that are listed.
const maxOthers = 10

// facts are everything known about one event.
type facts struct {
	redisErr    error // why Redis is unavailable: then only Pods are known
	id          event.ID
	otherEvents []event.ID // of the same task, newest first

	entry      *inspect.Entry // nil: no longer in the stream
	record     *worker.Record // nil: none
	history    []inspect.StatusEntry
	deadLetter *inspect.DeadLetter
	recordErr  error // why the record is unreadable

	active           int    // workers of all events that are running or pending
	maxWorkers       int    // how many may be
	maxWorkersSource string // where that OTTO_MAX_WORKERS comes from
	leaderless       bool   // no leader holds the Lease

	queueFacts

	clusterErr error          // why Kubernetes is unavailable
	pods       []pods.PodView // of the event
	dryRunErr  error          // the API server's answer to another Pod
}

// loadFacts finds the event by its ID or its task.
func (d *deps) loadFacts(ctx context.Context, eventOrTask string) (facts, error) {
	f := facts{maxWorkers: d.cfg.Workers.MaxWorkers, maxWorkersSource: "this shell's"}
	open, err := d.reader.Open(ctx)
	if err != nil {
		return d.loadPodsOnly(ctx, eventOrTask, err)
	}
	for i := range open {
		v := viewEvent(&open[i], open[i].Event.EventID.Time())
		f.active += v.Running
	}
	if f.id, f.otherEvents, err = d.resolveTask(ctx, open, eventOrTask); err != nil {
		return f, err
	}
	if err := d.loadRecord(ctx, &f); err != nil {
		return f, errcode.Wrap(errcode.Redis, err)
	}
	if f.record != nil && !f.record.Closed {
		if err := d.loadQueues(ctx, &f, open); err != nil {
			return f, errcode.Wrap(errcode.Redis, err)
		}
	}
	switch {
	case f.record != nil && f.record.Event.Type == event.ScaleUp:
		d.loadPods(ctx, &f)
	case f.record != nil && !f.record.Closed, f.entry != nil && !f.entry.Delivered:
		if cluster, err := d.cluster(); err == nil {
			d.loadLeader(ctx, cluster, &f)
		}
	}
	return f, nil
}

// loadPodsOnly is for a Redis that is unavailable. Only Redis knows which events a task has.
func (d *deps) loadPodsOnly(ctx context.Context, eventID string, redisErr error) (f facts, err error) {
	f.redisErr = redisErr
	if f.id, err = event.ParseID(eventID); err != nil {
		return f, errcode.Wrap(errcode.Redis, redisErr)
	}
	d.loadPods(ctx, &f)
	return f, nil
}

// resolveTask returns the event of that ID, or the newest event of that task and the task's other events.
func (d *deps) resolveTask(ctx context.Context, open []worker.Record, eventOrTask string) (event.ID, []event.ID, error) {
	if id, err := event.ParseID(eventOrTask); err == nil {
		return id, nil, nil
	}
	ids, err := d.reader.OfTask(ctx, eventOrTask, maxOthers)
	if err != nil {
		return event.ID{}, nil, errcode.Wrap(errcode.Redis, err)
	}
	for i := range open {
		if e := &open[i].Event; e.TaskID() == eventOrTask && !slices.Contains(ids, e.EventID) {
			ids = append(ids, e.EventID)
		}
	}
	slices.SortFunc(ids, func(a, b event.ID) int { return b.Compare(a) })
	if len(ids) == 0 {
		return event.ID{}, nil, usageError{fmt.Errorf(
			"%q is not an entry ID, and no record or status entry has a task of that name", eventOrTask)}
	}
	return ids[0], ids[1:], nil
}

// loadRecord reads what Redis has about the event.
func (d *deps) loadRecord(ctx context.Context, f *facts) (err error) {
	if f.entry, err = d.reader.Entry(ctx, f.id); err != nil {
		return err
	}
	if f.record, err = d.reader.Find(ctx, f.id); errors.Is(err, worker.ErrUnreadable) {
		f.recordErr = err
	} else if err != nil {
		return err
	}
	if f.history, _, err = d.reader.History(ctx, f.id); err != nil {
		return err
	}
	if f.record == nil {
		f.deadLetter, err = d.reader.DeadLetterOf(ctx, f.id)
	}
	return err
}

// loadPods reads what Kubernetes has about the event.
func (d *deps) loadPods(ctx context.Context, f *facts) {
	cluster, err := d.cluster()
	if err != nil {
		f.clusterErr = err
		return
	}
	f.pods, f.clusterErr = cluster.OfEvent(ctx, f.id)
	if f.clusterErr == nil && f.record != nil && !f.record.Closed {
		f.dryRunErr = cluster.DryRun(ctx, f.record.Event.Template)
		d.loadLeader(ctx, cluster, f)
	}
}

// loadLeader reads the leader and its OTTO_MAX_WORKERS from the Lease. This shell may have another value.
func (d *deps) loadLeader(ctx context.Context, cluster *cluster, f *facts) {
	if !d.cfg.Process.LeaderElect {
		return
	}
	l, err := leader.Read(ctx, cluster.Client.Client, app.SystemNamespace(d.cfg.Process, cluster.namespace), app.LeaseName(d.cfg))
	if err != nil {
		f.maxWorkersSource = fmt.Sprintf("this shell's; the leader's is unknown: %v", err)
		return
	}
	f.leaderless = l.Holder == ""
	if l.MaxWorkers > 0 {
		f.maxWorkers, f.maxWorkersSource = l.MaxWorkers, "the leader's"
	}
}
