package notice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/trouble"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Herald finds what is worth a notice. All its methods may be called at once.
type Herald struct{ to Recorder }

// NewHerald returns one that tells a Recorder.
func NewHerald(to Recorder) *Herald { return &Herald{to} }

// Journal returns j, overheard.
func (h *Herald) Journal(j worker.Journal) worker.Journal { return &journal{j, h} }

// Cluster returns c, overheard.
func (h *Herald) Cluster(c worker.Cluster) worker.Cluster { return &cluster{c, h} }

// Owned tells that the stream is another installation's.
func (h *Herald) Owned(err error) {
	h.tell(streamOwned, streamOwned.troubles[0], "", fmt.Sprintf("nothing is done: %v", err))
}

// WatchDenied tells that Pods may not be listed or watched: no worker starts before they are.
func (h *Herald) WatchDenied(err error) {
	h.tell(accessDenied, mayNotWatch, mayNotWatch, fmt.Sprintf("the Pods cannot be watched: %v", err))
}

func (h *Herald) tell(k kind, words, about, what string) { h.to.Record(k.notice(words, about, what)) }

type journal struct {
	worker.Journal

	herald *Herald
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
			j.herald.rejected(w)
		case worker.Outcome:
			j.herald.ended(w.Report)
		case worker.Restore:
			j.herald.restored(w)
		}
	}
	return nil
}

func (h *Herald) rejected(r worker.Reject) {
	words := trouble.Rejected
	if entryRejected.has(r.Code) {
		words = r.Code
	}
	h.tell(entryRejected, words, r.Code, fmt.Sprintf("entry %s is a dead letter (%s): %s", r.ID, r.Code, r.Reason))
}

func (h *Herald) restored(r worker.Restore) {
	h.tell(recordsRestored, recordsRestored.troubles[0], "",
		fmt.Sprintf("Redis had lost the record of event %s, it is written anew", r.Record.Event.EventID))
}

// ended leaves out how a program ends by itself, and what a scale_down or a person took away on purpose.
func (h *Herald) ended(r worker.Report) {
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
		if k.has(r.Reason) {
			h.tell(k, r.Reason, r.Reason, fmt.Sprintf("worker %s of event %s %s (%s): %s", r.Worker, r.ID, r.State, r.Reason, r.Message))
			return
		}
	}
}

type cluster struct {
	worker.Cluster

	herald *Herald
}

// Create implements worker.Cluster.
func (c *cluster) Create(ctx context.Context, p worker.PodSpec) (string, error) {
	uid, err := c.Cluster.Create(ctx, p)
	switch {
	case err == nil:
	case errors.Is(err, worker.ErrRefused):
		c.herald.parked(p, err)
	case errors.Is(err, worker.ErrDenied):
		c.herald.tell(accessDenied, mayNotCreate, mayNotCreate, fmt.Sprintf("everything waits: %v", err))
	case errors.Is(err, worker.ErrForeign):
		c.herald.tell(nameTaken, nameTaken.troubles[0], "", fmt.Sprintf("event %s waits: %v", p.Event.EventID, err))
	}
	return uid, err
}

func (h *Herald) parked(p worker.PodSpec, err error) {
	name := fmt.Sprintf("template %q", p.Event.Template)
	if p.Event.Template == "" {
		name = "the built-in template"
	}
	what := fmt.Sprintf("events of %s wait, %s first: %v", name, p.Event.EventID, err)
	h.tell(templateParked, templateParked.troubles[0], p.Event.Template, what)
}

// Delete implements worker.Cluster.
func (c *cluster) Delete(ctx context.Context, ref worker.PodRef, grace time.Duration) error {
	err := c.Cluster.Delete(ctx, ref, grace)
	if errors.Is(err, worker.ErrDenied) {
		c.herald.tell(accessDenied, mayNotDelete, mayNotDelete, fmt.Sprintf("an ended worker's Pod stays: %v", err))
	}
	return err
}
