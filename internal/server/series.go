package server

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Labels name what is bounded: never a task, an event or a Pod. What comes from outside and is not listed counts as
// other.
const (
	other   = "other"
	builtIn = "(built-in)" // the template without a name
)

var (
	types    = []string{string(event.ScaleUp), string(event.ScaleDown), other}
	outcomes = []string{"accepted", "duplicate", "rejected"}
	codes    = append(event.RejectionCodes(), other)
	lostBy   = []string{event.CodeTrimmed, event.CodePoison}

	// byInfrastructure are the reasons for which a worker gets another attempt, or has failed after its last one.
	byInfrastructure = []string{
		"DeletionByPodGC", "DeletionByTaintManager", "Deleted", "Evicted", "EvictionByEvictionAPI", "NodeAffinity", "NodeLost",
		"NodeShutdown", "PreemptionByScheduler", "Preempting", "Terminated", "TerminationByKubelet", "UnexpectedAdmissionError", other,
	}
	// reasons are those of each result; docs/failures.md tells them.
	reasons = map[string][]string{
		string(worker.StateSucceeded): {"Completed", other},
		string(worker.StateFailed): slices.Concat([]string{
			"ContainerCannotRun", "CreateContainerConfigError", "CreateContainerError", "DeadlineExceeded", "ErrImageNeverPull",
			"ErrImagePull", "Error", "ImageInspectError", "ImagePullBackOff", "InvalidImageName", "NameTaken", "OOMKilled",
			"Refused", "RunContainerError", "StartError", "Unschedulable",
		}, byInfrastructure),
		string(worker.StateCancelled): {"Deleted", "ScaledDown", other},
		string(worker.StateLost):      {"Missing", "NodeLost", "RecordLost", other},
	}

	answers = []string{"ok", "exists", "foreign", "refused", "busy", "denied", "unknown", "gone"}
)

// known is the value of a label.
func known(values []string, value string) string {
	if slices.Contains(values, value) {
		return value
	}
	return other
}

// The upper bounds of histograms, in seconds: of what takes milliseconds when all is well, and of what takes as long as
// it takes.
var (
	quick = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 300}
	slow  = []float64{0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200}
)

// series are what is counted and measured where it happens.
type series struct {
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

	read, created, running, run, recorded prometheus.Histogram
}

// newSeries registers them, each at zero: a rate needs the sample before the first event.
func newSeries(to prometheus.Registerer) *series {
	r := registrar{to}
	s := &series{
		events:   r.vector("events_total", "Stream entries taken in, by type and by what became of them.", "type", "outcome"),
		closed:   r.vector("events_closed_total", "Events of which every worker has its outcome.", "type"),
		rejected: r.vector("dead_letters_total", "Entries rejected and put on the dead-letter stream, by reason code.", "reason_code"),
		lost: r.vector("events_lost_total",
			"Entries dead-lettered by their ID alone: deleted from the stream before they were taken in (trimmed), or not taken in "+
				"after five deliveries (poison).",
			"cause"),
		settled: r.counter("events_settled_total", "Events of type scale_up that are acknowledged: every worker got its Pod or its outcome."),

		started:  r.counter("workers_started_total", "Workers whose first Pod was created."),
		attempts: r.counter("attempts_total", "Pods created for workers, all attempts counted."),
		retries:  r.vector("retries_total", "Attempts that the infrastructure ended and that another one follows, by reason.", "reason"),
		finished: r.vector("workers_finished_total", "Workers that have their outcome, by result and reason.", "result", "reason"),
		requests: r.vector("pod_requests_total", "Answers of the API server to requests that create and delete Pods.", "verb", "answer"),
		terms:    r.counter("terms_total", "Terms begun: one when leadership begins, another whenever records must be read anew."),

		read:     r.histogram("read_delay_seconds", "From XADD, by the time in the entry ID, until the entry was read.", quick),
		created:  r.histogram("create_delay_seconds", "From taking in an event until a worker's Pod is there; waiting for room counts.", slow),
		running:  r.histogram("start_delay_seconds", "From a Pod's creation until the record that it runs.", slow),
		run:      r.histogram("run_duration_seconds", "From the record that a worker runs until it ended.", slow),
		recorded: r.histogram("record_delay_seconds", "From the moment a worker's end was seen until its outcome was in Redis.", quick),
	}
	s.zero()
	return s
}

func (s *series) zero() {
	for _, t := range types {
		for _, o := range outcomes {
			s.events.WithLabelValues(t, o)
		}
	}
	s.closed.WithLabelValues(string(event.ScaleUp))
	s.closed.WithLabelValues(string(event.ScaleDown))
	for _, c := range codes {
		s.rejected.WithLabelValues(c)
	}
	for _, c := range lostBy {
		s.lost.WithLabelValues(c)
	}
	for _, r := range byInfrastructure {
		s.retries.WithLabelValues(r)
	}
	for result, all := range reasons {
		for _, r := range all {
			s.finished.WithLabelValues(result, r)
		}
	}
	for _, verb := range []string{"create", "delete"} {
		for _, a := range answers {
			s.requests.WithLabelValues(verb, a)
		}
	}
}

const namespace = "ottoscaler"

// registrar makes series that are registered.
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
