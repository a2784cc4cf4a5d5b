package server

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// A scrape waits for nobody longer.
const (
	lookTimeout = time.Second
	maxScrapes  = 4 // at once
)

// Stream is how the source stream and the dead letters stand.
type Stream struct {
	Length  int64
	Pending int64     // delivered and not acknowledged
	Oldest  time.Time // XADD of the oldest of these; zero: none is pending
	Lag     int64     // not delivered yet; negative: Redis cannot say
	Dead    int64     // dead letters
}

// MetricsOptions are what metrics tell besides what a Meter counts. The functions are called at every scrape, with
// little time.
type MetricsOptions struct {
	Version   string
	Templates []string // names; the built-in one has none
	Checks    []Check
	Leading   func() bool
	Workers   func(context.Context) (snap worker.Snapshot, ok bool) // not ok: no term runs here
	Stream    func(context.Context) (Stream, error)
}

// NewMetrics registers everything that docs/metrics.md lists, and returns what counts and what shows it.
func NewMetrics(registry *prometheus.Registry, o MetricsOptions) (*Meter, http.Handler) {
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: namespace, Name: "build_info", Help: "Always 1; the label tells the version.",
		ConstLabels: prometheus.Labels{"version": o.Version},
	})
	build.Set(1)
	registry.MustRegister(build, newStanding(o),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return &Meter{newSeries(registry)}, promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: maxScrapes, DisableCompression: true,
	})
}

// standing tells how things stand, asked anew at every scrape.
type standing struct {
	opts MetricsOptions
	all  map[string]*prometheus.Desc
}

func newStanding(o MetricsOptions) *standing {
	s := &standing{opts: o, all: make(map[string]*prometheus.Desc)}
	for _, g := range gauges {
		s.all[g.name] = prometheus.NewDesc(namespace+"_"+g.name, g.help, g.labels, nil)
	}
	return s
}

var gauges = []struct {
	name, help string
	labels     []string
}{
	{"leader", "1 while this process acts, 0 while it stands by.", nil},
	{"healthy", "1 for each check of /readyz that is well, else 0.", []string{"check"}},
	{"workers", "Workers that have no outcome yet, by what they do.", []string{"state"}},
	{"room", "How many more workers may live now.", nil},
	{"max_workers", "How many workers may live at once (OTTO_MAX_WORKERS).", nil},
	{"events_open", "Events taken in that are not closed.", nil},
	{"events_waiting", "Open events that have workers to start.", nil},
	{"max_waiting_events", "How many events may wait before reading rests (OTTO_MAX_WAITING_EVENTS).", nil},
	{"pods_kept", "Pods that are to be deleted: of ended workers once their TTL is over, and of workers taken away.", nil},
	{"template_parked", "1 for each template whose Pods the API server refuses at present, else 0.", []string{"template"}},
	{"stream_up", "1 when Redis said how the stream stands; else the other stream metrics are missing.", nil},
	{"stream_length", "Entries in the source stream, those that were dealt with included.", nil},
	{"stream_lag", "Entries that were not delivered yet; missing where Redis cannot say.", nil},
	{"stream_pending", "Entries delivered and not acknowledged: of events whose workers do not all have a Pod yet.", nil},
	{"stream_oldest_pending_age_seconds", "Age of the oldest pending entry by the time in its ID, 0 when none is pending.", nil},
	{"dead_letters", "Dead letters in the stream that keeps about the last ten thousand.", nil},
}

// Describe implements prometheus.Collector.
func (s *standing) Describe(to chan<- *prometheus.Desc) {
	for _, d := range s.all {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (s *standing) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	set := func(name string, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(s.all[name], prometheus.GaugeValue, value, labels...)
	}
	var all sync.WaitGroup
	all.Go(func() { s.workers(ctx, set) })
	all.Go(func() { s.stream(ctx, set) })
	for _, c := range s.opts.Checks {
		all.Go(func() { set("healthy", truth(c.Run(ctx) == nil), c.Name) })
	}
	set("leader", truth(s.opts.Leading()))
	all.Wait()
}

type setter func(name string, value float64, labels ...string)

// workers shows zeros where no term runs, as a standby does: sums over replicas stay right.
func (s *standing) workers(ctx context.Context, set setter) {
	snap, _ := s.opts.Workers(ctx)
	for state, n := range map[string]int{
		"waiting": snap.WorkersWaiting, "creating": snap.WorkersCreating, "starting": snap.WorkersStarting,
		"running": snap.WorkersRunning, "unclear": snap.WorkersUnknown,
	} {
		set("workers", float64(n), state)
	}
	set("room", float64(snap.CapacityAvailable))
	set("max_workers", float64(snap.MaxWorkers))
	set("events_open", float64(snap.EventsOpen))
	set("events_waiting", float64(snap.EventsWaiting))
	set("max_waiting_events", float64(snap.MaxWaiting))
	set("pods_kept", float64(snap.PodsRetained))
	parked := make(map[string]bool)
	for _, name := range snap.Parked {
		parked[name] = true
	}
	set("template_parked", truth(parked[""]), builtIn)
	for _, name := range s.opts.Templates {
		set("template_parked", truth(parked[name]), name)
	}
}

func (s *standing) stream(ctx context.Context, set setter) {
	stream, err := s.opts.Stream(ctx)
	set("stream_up", truth(err == nil))
	if err != nil {
		return
	}
	set("stream_length", float64(stream.Length))
	if stream.Lag >= 0 {
		set("stream_lag", float64(stream.Lag))
	}
	set("stream_pending", float64(stream.Pending))
	age := 0.0
	if !stream.Oldest.IsZero() {
		age = max(0, time.Since(stream.Oldest).Seconds())
	}
	set("stream_oldest_pending_age_seconds", age)
	set("dead_letters", float64(stream.Dead))
}

func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
