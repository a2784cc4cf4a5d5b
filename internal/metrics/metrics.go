package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

const namespace = "ottoscaler"

// Upper bounds of histograms, in seconds: of what normally takes milliseconds, and of what may take hours.
var (
	fastBuckets = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 300}
	slowBuckets = []float64{0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200}
)

// metrics are the counters and histograms.
type metrics struct {
	events   *prometheus.CounterVec
	closed   *prometheus.CounterVec
	rejected *prometheus.CounterVec
	lost     *prometheus.CounterVec
	settled  prometheus.Counter

	started  prometheus.Counter
	attempts prometheus.Counter
	retries  *prometheus.CounterVec
	finished *prometheus.CounterVec
	requests *prometheus.CounterVec
	terms    prometheus.Counter

	readDelay, createDelay, startDelay, runDuration, recordDelay prometheus.Histogram

	queues *queueMetrics
}

// newMetrics registers each series at zero: a rate needs the sample before the first event.
func newMetrics(to prometheus.Registerer, c *catalog) *metrics {
	r := registrar{to}
	m := &metrics{queues: newQueueMetrics(r, c)}
	m.registerEvents(r)
	m.registerWorkers(r)
	m.registerDurations(r)
	m.zero()
	return m
}

func (m *metrics) registerEvents(r registrar) {
	m.events = r.vector("events_total", "Stream entries read, by type and outcome.", "type", "outcome")
	m.closed = r.vector("events_closed_total", "Events whose workers all have an outcome.", "type")
	m.rejected = r.vector("dead_letters_total", "Entries rejected and put on the dead-letter stream, by reason code.", "reason_code")
	m.lost = r.vector("events_lost_total",
		"Entries dead-lettered by their ID alone: deleted from the stream before they were accepted (trimmed), or not accepted after five "+
			"deliveries (poison).",
		"cause")
	m.settled = r.counter("events_settled_total", "Events of type scale_up that are acknowledged: every worker has a Pod or an outcome.")
}

func (m *metrics) registerWorkers(r registrar) {
	m.started = r.counter("workers_started_total", "Workers whose first Pod was created.")
	m.attempts = r.counter("attempts_total", "Pods created for workers, retries included.")
	m.retries = r.vector("retries_total", "Attempts that the infrastructure ended and that are retried, by reason.", "reason")
	m.finished = r.vector("workers_finished_total", "Workers that have an outcome, by result and reason.", "result", "reason")
	m.requests = r.vector("pod_requests_total", "Requests to the API server that create or delete Pods, by result.", "verb", "result")
	m.terms = r.counter("terms_total", "Terms begun: one when leadership begins, another whenever records must be read again.")
}

func (m *metrics) registerDurations(r registrar) {
	m.readDelay = r.histogram("read_delay_seconds", "From XADD, by the time in the entry ID, until the entry was read.", fastBuckets)
	m.createDelay = r.histogram("create_delay_seconds",
		"From accepting an event until a worker's Pod is created, including the wait for capacity.", slowBuckets)
	m.startDelay = r.histogram("start_delay_seconds", "From a Pod's creation until it is recorded as running.", slowBuckets)
	m.runDuration = r.histogram("run_duration_seconds", "From the record that a worker is running until it ended.", slowBuckets)
	m.recordDelay = r.histogram("record_delay_seconds", "From observing a worker's end until its outcome was in Redis.", fastBuckets)
}

func (m *metrics) zero() {
	for _, t := range eventTypes {
		zero(m.events, eventOutcomes, t)
	}
	zero(m.closed, acceptedTypes)
	zero(m.rejected, rejectionCodes)
	zero(m.lost, lossCauses)
	zero(m.retries, retryReasons)
	for result, reasons := range finishReasons {
		zero(m.finished, reasons, result)
	}
	for _, verb := range []string{"create", "delete"} {
		zero(m.requests, requestResults(), verb)
	}
}

// zero creates the series of the values; before are the values of the labels in front.
func zero(v *prometheus.CounterVec, values []string, before ...string) {
	for _, value := range values {
		v.WithLabelValues(append(slices.Clip(before), value)...)
	}
}

// registrar creates and registers metrics.
type registrar struct{ to prometheus.Registerer }

func (r registrar) vector(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	r.to.MustRegister(v)
	return v
}

func (r registrar) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
	r.to.MustRegister(c)
	return c
}

func (r registrar) histogram(name, help string, bounds []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: bounds})
	r.to.MustRegister(h)
	return h
}

func (r registrar) histograms(name, help string, bounds []float64, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: bounds}, labels)
	r.to.MustRegister(v)
	return v
}

func (r registrar) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help})
	r.to.MustRegister(g)
	return g
}
