package metrics

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ottoscaler/ottoscaler/internal/health"
	"github.com/ottoscaler/ottoscaler/internal/worker"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

// Stream is the state of the source stream and of the dead letters.
type Stream struct {
	Length  int64
	Pending int64     // delivered and not acknowledged
	Oldest  time.Time // XADD of the oldest pending entry; zero: none is pending
	Lag     int64     // not delivered yet; negative: Redis cannot tell
	Dead    int64     // dead letters
}

// Options are the sources of the gauges. The functions are called at every scrape and have a second each.
type Options struct {
	Version   string
	Templates []string      // names; the built-in one has none
	Policy    *queue.Policy // of the queues; nil: none is configured
	Checks    []health.Check
	Leading   func() bool
	Workers   func(context.Context) (snap worker.Snapshot, ok bool) // not ok: no term runs here
	Stream    func(context.Context) (Stream, error)
}

// New registers everything that docs/metrics.md lists and returns what feeds the counters and what serves /metrics.
func New(registry *prometheus.Registry, o Options) (*Instrumenter, http.Handler) {
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "Always 1; the label is the version.",
		ConstLabels: prometheus.Labels{"version": o.Version},
	})
	build.Set(1)
	names := newCatalog(o.Policy, o.Templates)
	registry.MustRegister(build, newStateCollector(o, names),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return &Instrumenter{newMetrics(registry, names)}, promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		DisableCompression: true,
	})
}
