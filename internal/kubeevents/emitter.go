package kubeevents

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Emitter turns failures into notices. Its methods may be called concurrently.
type Emitter struct{ to Recorder }

// NewEmitter returns an Emitter that records to a Recorder.
func NewEmitter(to Recorder) *Emitter { return &Emitter{to} }

// Journal returns j, observed.
func (e *Emitter) Journal(j worker.Journal) worker.Journal { return &journal{j, e, make(openLanes)} }

// Cluster returns c, observed.
func (e *Emitter) Cluster(c worker.Cluster) worker.Cluster { return &cluster{c, e} }

// StreamOwned records that another installation owns the stream.
func (e *Emitter) StreamOwned(err error) {
	e.emit(streamOwned, errcode.StreamOwned, "", fmt.Sprintf("idle: %v", err))
}

// WatchDenied records that Pods may not be listed or watched: no worker starts until they are.
func (e *Emitter) WatchDenied(err error) {
	e.emit(accessDenied, errcode.WatchInterrupted, string(errcode.WatchInterrupted), fmt.Sprintf("cannot watch Pods: %v", err))
}

// ReloadFailed records that the queues file or the templates on disk are invalid, so that the old ones stay in effect.
func (e *Emitter) ReloadFailed(err error) {
	e.emit(reloadFailed, errcode.ReloadFailed, "", fmt.Sprintf("configuration not reloaded: %v", err))
}

func (e *Emitter) emit(k kind, code errcode.Code, subject, message string) {
	e.to.Record(k.notice(code, code.Entry().Fix, subject, message))
}

type journal struct {
	worker.Journal

	emitter *Emitter
	open    openLanes
}

// Commit implements worker.Journal. A write counts only once it is committed.
func (j *journal) Commit(ctx context.Context, batch []worker.Write) error {
	err := j.Journal.Commit(ctx, batch)
	if err != nil {
		return err
	}
	for _, w := range batch {
		switch w := w.(type) {
		case worker.Reject:
			j.emitter.rejected(w)
		case worker.Outcome:
			j.emitter.ended(w.Report)
		case worker.Restore:
			j.emitter.restored(w)
		case worker.Pause:
			j.emitter.paused(w)
		case worker.View:
			j.emitter.viewed(w, j.open)
		}
	}
	return nil
}

func (e *Emitter) rejected(r worker.Reject) {
	e.emit(entryRejected, event.ErrCode(r.Code), r.Code, fmt.Sprintf("rejected entry %s (%s): %s", r.ID, r.Code, r.Reason))
}

func (e *Emitter) restored(r worker.Restore) {
	e.emit(recordsRestored, errcode.RedisDataLost, "",
		fmt.Sprintf("Redis lost the record of event %s; rewriting it", r.Record.Event.EventID))
}

// ended skips workers that ended by themselves and those that were removed on purpose.
func (e *Emitter) ended(r worker.Report) {
	var candidates []kind
	switch r.State {
	case worker.StateFailed:
		candidates = []kind{cannotStart}
		if r.Exhausted { // else a Pod that was evicted for its own limits, which is the program's failure
			candidates = []kind{attemptsExhausted}
		}
	case worker.StateLost:
		candidates = []kind{workerStuck, workerLost}
	default:
		return
	}
	for _, k := range candidates {
		if slices.Contains(k.workerReasons, r.Reason) {
			reason, _ := worker.ReasonOf(r.Reason)
			e.to.Record(k.notice(reason.Code, reason.Fix, r.Reason,
				fmt.Sprintf("worker %s of event %s %s (%s): %s", r.Worker, r.ID, r.State, r.Reason, r.Message)))
			return
		}
	}
}

type cluster struct {
	worker.Cluster

	emitter *Emitter
}

// Create implements worker.Cluster.
func (c *cluster) Create(ctx context.Context, p worker.PodSpec) (string, error) {
	uid, err := c.Cluster.Create(ctx, p)
	switch {
	case err == nil:
	case worker.IsRefusal(err):
		c.emitter.parked(p, err)
	case errors.Is(err, worker.ErrForbidden):
		c.emitter.emit(accessDenied, errcode.CreateFailed, string(errcode.CreateFailed), fmt.Sprintf("all events wait: %v", err))
	case errors.Is(err, worker.ErrNameConflict):
		c.emitter.emit(nameTaken, errcode.NameConflict, "", fmt.Sprintf("event %s waits: %v", p.Event.EventID, err))
	}
	return uid, err
}

func (e *Emitter) parked(p worker.PodSpec, err error) {
	message := fmt.Sprintf("events of %s wait, such as %s: %v", templateName(p.Event.Template), p.Event.EventID, err)
	e.emit(templateParked, errcode.TemplateParked, p.Event.Template, message)
}

// Delete implements worker.Cluster.
func (c *cluster) Delete(ctx context.Context, ref worker.PodRef, grace time.Duration) error {
	err := c.Cluster.Delete(ctx, ref, grace)
	if errors.Is(err, worker.ErrForbidden) {
		message := fmt.Sprintf("the Pod of an ended worker is not deleted: %v", err)
		c.emitter.emit(accessDenied, errcode.DeleteFailed, string(errcode.DeleteFailed), message)
	}
	return err
}
