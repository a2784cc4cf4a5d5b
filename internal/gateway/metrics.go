package gateway

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ottoscaler/ottoscaler/internal/traces"
)

// metrics are those of a gateway. It implements httpapi.Observer.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	dropped  *prometheus.CounterVec
	viewers  prometheus.Gauge
	entries  prometheus.Counter
	lag      prometheus.Histogram
}

func newMetrics(version string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ottoscaler_gateway_requests_total", Help: "Requests to the HTTP API, by route and status.",
		}, []string{"route", "status"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ottoscaler_gateway_viewers_dropped_total", Help: "Viewers of the event stream that were cut off, by reason.",
		}, []string{"reason"}),
		viewers: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "ottoscaler_gateway_viewers", Help: "Viewers of the event stream that are connected.",
		}),
		entries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "ottoscaler_gateway_status_entries_total", Help: "Entries of the status stream that were read.",
		}),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "ottoscaler_gateway_status_lag_seconds", Help: "From a status entry, by the time in its ID, until it was read.",
			Buckets: []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30, 300},
		}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "ottoscaler_build_info", Help: "1; the label has the version.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.dropped, m.viewers, m.entries, m.lag, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, reason := range []string{"slow", "overrun", "revoked"} {
		m.dropped.WithLabelValues(reason)
	}
	return m
}

// traces adds what became of spans.
func (m *metrics) traces(stats func() traces.Stats) {
	for result, count := range map[string]func(traces.Stats) int64{
		"sent":    func(s traces.Stats) int64 { return s.Sent },
		"dropped": func(s traces.Stats) int64 { return s.Dropped },
		"refused": func(s traces.Stats) int64 { return s.Refused },
	} {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name:        "ottoscaler_gateway_spans_total",
			Help:        "Spans: that the collector accepted, accepted and dropped, or refused.",
			ConstLabels: prometheus.Labels{"result": result},
		}, func() float64 { return float64(count(stats())) }))
	}
	m.registry.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "ottoscaler_gateway_span_failures_total", Help: "Times that spans could not be sent; they are sent again.",
		}, func() float64 { return float64(stats().Failed) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "ottoscaler_gateway_span_entries_lost_total", Help: "Status entries that were trimmed before spans were made of them.",
		}, func() float64 { return float64(stats().Lost) }),
	)
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Request implements httpapi.Observer. Routes are patterns, so that no client makes up series.
func (m *metrics) Request(route string, status int) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
}

// Viewers implements httpapi.Observer.
func (m *metrics) Viewers(n int) { m.viewers.Set(float64(n)) }

// Dropped implements httpapi.Observer.
func (m *metrics) Dropped(reason string) { m.dropped.WithLabelValues(reason).Inc() }

// read is called by the hub.
func (m *metrics) read(entries int, lag time.Duration) {
	m.entries.Add(float64(entries))
	m.lag.Observe(max(0, lag.Seconds()))
}
