package server

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Meter counts what passes a term's Source, Journal and Cluster. It stands between them and the Manager, which knows
// nothing of it, and what it counts of records is what was committed: a write whose reply got lost is not counted, and
// ends the term.
type Meter struct{ series *series }

// Source returns src, metered.
func (m *Meter) Source(src worker.Source) worker.Source { return &meteredSource{src, m.series} }

// Journal returns j, metered. now is the clock that the writes are stamped with.
func (m *Meter) Journal(j worker.Journal, now func() time.Time) worker.Journal {
	return &meteredJournal{j, m.series, now}
}

// Cluster returns c, metered.
func (m *Meter) Cluster(c worker.Cluster) worker.Cluster { return &meteredCluster{c, m.series} }

type meteredSource struct {
	worker.Source

	series *series
}

// Read implements worker.Source. Entries that were delivered before waited for us, not for the stream.
func (s *meteredSource) Read(ctx context.Context) ([]worker.Entry, error) {
	entries, err := s.Source.Read(ctx)
	now := time.Now()
	for i := range entries {
		if !entries[i].Redelivered {
			since(s.series.read, entries[i].ID.Time(), now)
		}
	}
	return entries, err
}

type meteredJournal struct {
	worker.Journal

	series *series
	now    func() time.Time
}

// Begin implements worker.Journal.
func (j *meteredJournal) Begin(ctx context.Context) (mark event.ID, known bool, err error) {
	mark, known, err = j.Journal.Begin(ctx)
	if err == nil {
		j.series.terms.Inc()
	}
	return mark, known, err
}

// Commit implements worker.Journal.
func (j *meteredJournal) Commit(ctx context.Context, batch []worker.Write) error {
	err := j.Journal.Commit(ctx, batch)
	if err != nil {
		return err
	}
	now := j.now()
	for _, w := range batch {
		j.series.count(w, now)
	}
	return nil
}

// count takes in one committed write.
func (s *series) count(w worker.Write, now time.Time) {
	switch w := w.(type) {
	case worker.Accept:
		s.events.WithLabelValues(known(types, string(w.Event.Type)), "accepted").Inc()
	case worker.Duplicate:
		s.events.WithLabelValues(known(types, string(w.Type)), "duplicate").Inc()
	case worker.Reject:
		s.reject(w)
	case worker.Settle:
		s.settled.Inc()
	case worker.Close:
		kind := event.ScaleUp
		if w.Slots == 0 {
			kind = event.ScaleDown
		}
		s.closed.WithLabelValues(string(kind)).Inc()
	case worker.Progress:
		s.progress(w.Report)
	case worker.Outcome:
		result := string(w.State)
		s.finished.WithLabelValues(result, known(reasons[result], w.Reason)).Inc()
		since(s.run, w.Began, w.At)
		since(s.recorded, w.At, now)
	case worker.Ack, worker.Select, worker.Restore: // nothing new came about
	}
}

func (s *series) reject(w worker.Reject) {
	s.events.WithLabelValues(known(types, w.Fields["type"]), "rejected").Inc()
	s.rejected.WithLabelValues(known(codes, w.Code)).Inc()
	if cause := known(lostBy, w.Code); cause != other {
		s.lost.WithLabelValues(cause).Inc()
	}
}

func (s *series) progress(r worker.Report) {
	switch r.State {
	case worker.StateCreated:
		s.attempts.Inc()
		if r.Attempt == 1 {
			s.started.Inc()
		}
		since(s.created, r.Began, r.At)
	case worker.StateRunning:
		since(s.running, r.Began, r.At)
	case worker.StateRetrying:
		s.retries.WithLabelValues(known(byInfrastructure, r.Reason)).Inc()
	case worker.StateSucceeded, worker.StateFailed, worker.StateCancelled, worker.StateLost: // an Outcome's
	}
}

// since observes a stage whose beginning is known. Two clocks that differ a little make no negative time.
func since(h prometheus.Observer, began, ended time.Time) {
	if !began.IsZero() {
		h.Observe(max(0, ended.Sub(began).Seconds()))
	}
}

type meteredCluster struct {
	worker.Cluster

	series *series
}

// Create implements worker.Cluster.
func (c *meteredCluster) Create(ctx context.Context, p worker.PodSpec) (string, error) {
	uid, err := c.Cluster.Create(ctx, p)
	c.series.requests.WithLabelValues("create", answerOf(err)).Inc()
	return uid, err
}

// Delete implements worker.Cluster.
func (c *meteredCluster) Delete(ctx context.Context, ref worker.PodRef, grace time.Duration) error {
	err := c.Cluster.Delete(ctx, ref, grace)
	c.series.requests.WithLabelValues("delete", answerOf(err)).Inc()
	return err
}

func answerOf(err error) string {
	for _, a := range []struct {
		err  error
		name string
	}{
		{worker.ErrExists, "exists"},
		{worker.ErrNameConflict, "foreign"},
		{worker.ErrRefused, "refused"},
		{worker.ErrUnavailable, "busy"},
		{worker.ErrForbidden, "denied"},
		{worker.ErrGone, "gone"},
	} {
		if errors.Is(err, a.err) {
			return a.name
		}
	}
	if err == nil {
		return "ok"
	}
	return "unknown"
}
