package metrics

import (
	"context"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/worker"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

// Instrumenter counts what passes a term's Source, Journal and Cluster. Of records it counts what was committed: a write
// whose reply got lost is not counted, and ends the term.
type Instrumenter struct{ metrics *metrics }

// Source returns src, instrumented.
func (i *Instrumenter) Source(src worker.Source) worker.Source { return &source{src, i.metrics} }

// Journal returns j, instrumented. now is the clock that the writes are stamped with.
func (i *Instrumenter) Journal(j worker.Journal, now func() time.Time) worker.Journal {
	return &journal{Journal: j, metrics: i.metrics, now: now}
}

// Reloaded takes a queues file and templates that are in effect from now on: they name the values of labels. templates are
// without the built-in one.
func (i *Instrumenter) Reloaded(p *queue.Policy, templates []string) {
	q := i.metrics.queues
	q.catalog.replace(p, templates)
	q.zero()
	q.reloaded.Set(1)
}

// ReloadFailed says that what is on disk is invalid, so that the old configuration stays in effect.
func (i *Instrumenter) ReloadFailed() { i.metrics.queues.reloaded.Set(0) }

// Cluster returns c, instrumented.
func (i *Instrumenter) Cluster(c worker.Cluster) worker.Cluster { return &cluster{c, i.metrics} }

type source struct {
	worker.Source

	metrics *metrics
}

// Read implements worker.Source. A redelivered entry is not measured: it waited for this process, not in the stream.
func (s *source) Read(ctx context.Context) ([]worker.Entry, error) {
	entries, err := s.Source.Read(ctx)
	now := time.Now()
	for i := range entries {
		if !entries[i].Redelivered {
			observe(s.metrics.readDelay, entries[i].ID.Time(), now)
		}
	}
	return entries, err
}

type journal struct {
	worker.Journal

	metrics *metrics
	now     func() time.Time
	expiry  expiry
}

// Begin implements worker.Journal.
func (j *journal) Begin(ctx context.Context) (worker.TermStart, error) {
	start, err := j.Journal.Begin(ctx)
	if err == nil {
		j.metrics.terms.Inc()
	}
	return start, err
}

// Commit implements worker.Journal.
func (j *journal) Commit(ctx context.Context, batch []worker.Write) error {
	err := j.Journal.Commit(ctx, batch)
	if err != nil {
		return err
	}
	now := j.now()
	for _, w := range batch {
		j.metrics.count(w, now)
		if j.expiry.count(w) {
			j.metrics.queues.expired.Inc()
		}
	}
	return nil
}

type cluster struct {
	worker.Cluster

	metrics *metrics
}

// Create implements worker.Cluster.
func (c *cluster) Create(ctx context.Context, p worker.PodSpec) (string, error) {
	uid, err := c.Cluster.Create(ctx, p)
	c.metrics.requests.WithLabelValues("create", requestResult(err)).Inc()
	if p.Trial {
		c.metrics.queues.trials.WithLabelValues(requestResult(err)).Inc()
	}
	return uid, err
}

// Delete implements worker.Cluster.
func (c *cluster) Delete(ctx context.Context, ref worker.PodRef, grace time.Duration) error {
	err := c.Cluster.Delete(ctx, ref, grace)
	c.metrics.requests.WithLabelValues("delete", requestResult(err)).Inc()
	return err
}
