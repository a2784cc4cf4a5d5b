package metrics

import (
	"cmp"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// queueMetrics are the counters and histograms about queues.
type queueMetrics struct {
	catalog *catalog

	wait     *prometheus.HistogramVec
	rejected *prometheus.CounterVec
	trials   *prometheus.CounterVec
	expired  prometheus.Counter
	reloaded prometheus.Gauge
}

func newQueueMetrics(r registrar, c *catalog) *queueMetrics {
	m := &queueMetrics{
		catalog: c,
		wait: r.histograms("queue_wait_seconds",
			"From accepting an event until a worker's first Pod is created, by the event's queue.", slowBuckets, "queue"),
		rejected: r.vector("queue_rejected_total", "Entries rejected and put on the dead-letter stream, by the queue they named.", "queue"),
		trials: r.vector("trials_total",
			"Pods tried one at a time because the API server accepts none of their queue and template, by result.", "result"),
		expired: r.counter("events_expired_total",
			"Events with workers that failed without a Pod: refused for OTTO_PENDING_TIMEOUT, or past the start deadline."),
		reloaded: r.gauge("config_last_reload_successful",
			"1 if the queues file and the templates in effect are those on disk, 0 if their last change is invalid."),
	}
	m.reloaded.Set(1)
	zero(m.trials, requestResults())
	m.zero()
	return m
}

// zero creates the series of queues that have none yet.
func (m *queueMetrics) zero() {
	for _, q := range m.catalog.queues() {
		m.wait.WithLabelValues(q)
		m.rejected.WithLabelValues(q)
	}
}

func (m *queueMetrics) countReject(w worker.Reject) {
	name, named := w.Fields[event.FieldQueue]
	if !named && w.Fields != nil {
		name = event.DefaultQueue
	}
	m.rejected.WithLabelValues(m.catalog.queue(name)).Inc()
}

func (m *queueMetrics) countCreated(r worker.Report) {
	if r.Attempt == 1 {
		observe(m.wait.WithLabelValues(m.catalog.queue(cmp.Or(r.Queue, event.DefaultQueue))), r.Began, r.At)
	}
}

// expiry counts each event once whose workers failed without a Pod. It remembers those that are not closed.
type expiry struct{ events map[event.ID]bool }

// count reports whether a write is the first of its event that says so.
func (e *expiry) count(w worker.Write) bool {
	switch w := w.(type) {
	case worker.Close:
		delete(e.events, w.ID)
	case worker.Outcome:
		if w.Reason != worker.ReasonRefused && w.Reason != worker.ReasonStartDeadline || e.events[w.ID] {
			return false
		}
		if e.events == nil {
			e.events = make(map[event.ID]bool)
		}
		e.events[w.ID] = true
		return true
	}
	return false
}
