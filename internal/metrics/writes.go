package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// count counts one committed write.
func (m *metrics) count(w worker.Write, now time.Time) {
	switch w := w.(type) {
	case worker.Accept:
		m.events.WithLabelValues(listed(eventTypes, string(w.Event.Type)), "accepted").Inc()
	case worker.Duplicate:
		m.events.WithLabelValues(listed(eventTypes, string(w.Type)), "duplicate").Inc()
	case worker.Reject:
		m.countReject(w)
	case worker.Settle:
		m.settled.Inc()
	case worker.Close:
		m.closed.WithLabelValues(listed(acceptedTypes, string(w.Type))).Inc()
	case worker.Progress:
		m.countProgress(w.Report)
	case worker.Outcome:
		m.countOutcome(w.Report, now)
	case worker.Ack, worker.Select, worker.Restore, worker.Complete, worker.Clock: // not counted
	case worker.Refuse, worker.Cancel, worker.Pause, worker.View: // nor are these
	}
}

func (m *metrics) countReject(w worker.Reject) {
	m.events.WithLabelValues(listed(eventTypes, w.Fields["type"]), "rejected").Inc()
	m.rejected.WithLabelValues(listed(rejectionCodes, w.Code)).Inc()
	m.queues.countReject(w)
	if cause := listed(lossCauses, w.Code); cause != other {
		m.lost.WithLabelValues(cause).Inc()
	}
}

func (m *metrics) countProgress(r worker.Report) {
	switch r.State {
	case worker.StateCreated:
		m.attempts.Inc()
		if r.Attempt == 1 {
			m.started.Inc()
		}
		observe(m.createDelay, r.Began, r.At)
		m.queues.countCreated(r)
	case worker.StateRunning:
		observe(m.startDelay, r.Began, r.At)
	case worker.StateRetrying:
		m.retries.WithLabelValues(listed(retryReasons, r.Reason)).Inc()
	case worker.StateSucceeded, worker.StateFailed, worker.StateCancelled, worker.StateLost: // an Outcome's
	}
}

func (m *metrics) countOutcome(r worker.Report, now time.Time) {
	result := string(r.State)
	m.finished.WithLabelValues(result, listed(finishReasons[result], r.Reason)).Inc()
	observe(m.runDuration, r.Began, r.At)
	observe(m.recordDelay, r.At, now)
}

// observe records a duration whose beginning is known; two clocks that differ a little make no negative one.
func observe(h prometheus.Observer, began, ended time.Time) {
	if !began.IsZero() {
		h.Observe(max(0, ended.Sub(began).Seconds()))
	}
}
