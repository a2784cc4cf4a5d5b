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

// Emitter finds what is worth a notice. All its methods may be called at once.
type Emitter struct{ to Recorder }

// NewEmitter returns one that tells a Recorder.
func NewEmitter(to Recorder) *Emitter { return &Emitter{to} }

// Journal returns j, overheard.
func (h *Emitter) Journal(j worker.Journal) worker.Journal { return &journal{j, h} }

// Cluster returns c, overheard.
func (h *Emitter) Cluster(c worker.Cluster) worker.Cluster { return &cluster{c, h} }

// Owned tells that the stream is another installation's.
func (h *Emitter) Owned(err error) {
	h.emit(streamOwned, errcode.StreamOwned, "", fmt.Sprintf("idle: %v", err))
}

// WatchDenied tells that Pods may not be listed or watched: no worker starts before they are.
func (h *Emitter) WatchDenied(err error) {
	h.emit(accessDenied, errcode.WatchInterrupted, string(errcode.WatchInterrupted), fmt.Sprintf("cannot watch Pods: %v", err))
}

func (h *Emitter) emit(k kind, code errcode.Code, about, what string) {
	h.to.Record(k.notice(code, code.Entry().Fix, about, what))
}

type journal struct {
	worker.Journal

	emitter *Emitter
}

// Commit implements worker.Journal. Only what was committed has happened.
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
		}
	}
	return nil
}

func (h *Emitter) rejected(r worker.Reject) {
	h.emit(entryRejected, event.ErrCode(r.Code), r.Code, fmt.Sprintf("entry %s is a dead letter (%s): %s", r.ID, r.Code, r.Reason))
}

func (h *Emitter) restored(r worker.Restore) {
	h.emit(recordsRestored, errcode.RedisDataLost, "",
		fmt.Sprintf("Redis lost the record of event %s; rewriting it", r.Record.Event.EventID))
}

// ended leaves out how a program ends by itself, and what a scale_down or a person took away on purpose.
func (h *Emitter) ended(r worker.Report) {
	var of []kind
	switch r.State {
	case worker.StateFailed:
		of = []kind{cannotStart, attemptsExhausted}
	case worker.StateLost:
		of = []kind{workerStuck, workerLost}
	default:
		return
	}
	for _, k := range of {
		if slices.Contains(k.reasons, r.Reason) {
			reason, _ := worker.ReasonOf(r.Reason)
			h.to.Record(k.notice(reason.Code, reason.Fix, r.Reason,
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
	case errors.Is(err, worker.ErrRefused):
		c.emitter.parked(p, err)
	case errors.Is(err, worker.ErrForbidden):
		c.emitter.emit(accessDenied, errcode.CreateFailed, string(errcode.CreateFailed), fmt.Sprintf("all events wait: %v", err))
	case errors.Is(err, worker.ErrNameConflict):
		c.emitter.emit(nameTaken, errcode.NameConflict, "", fmt.Sprintf("event %s waits: %v", p.Event.EventID, err))
	}
	return uid, err
}

func (h *Emitter) parked(p worker.PodSpec, err error) {
	name := fmt.Sprintf("template %q", p.Event.Template)
	if p.Event.Template == "" {
		name = "the built-in template"
	}
	what := fmt.Sprintf("events of %s wait, %s first: %v", name, p.Event.EventID, err)
	h.emit(templateParked, errcode.TemplateParked, p.Event.Template, what)
}

// Delete implements worker.Cluster.
func (c *cluster) Delete(ctx context.Context, ref worker.PodRef, grace time.Duration) error {
	err := c.Cluster.Delete(ctx, ref, grace)
	if errors.Is(err, worker.ErrForbidden) {
		c.emitter.emit(accessDenied, errcode.DeleteFailed, string(errcode.DeleteFailed), fmt.Sprintf("an ended worker's Pod stays: %v", err))
	}
	return err
}
