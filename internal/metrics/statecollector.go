package metrics

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// collectTimeout bounds how long a scrape waits for Redis, the API server and the Manager.
const collectTimeout = time.Second

// stateCollector reads the gauges anew at every scrape.
type stateCollector struct {
	opts  Options
	names *catalog
	descs map[string]*prometheus.Desc
}

func newStateCollector(o Options, names *catalog) *stateCollector {
	s := &stateCollector{opts: o, names: names, descs: make(map[string]*prometheus.Desc)}
	for _, g := range slices.Concat(gauges, queueGauges) {
		s.descs[g.name] = prometheus.NewDesc(namespace+"_"+g.name, g.help, g.labels, nil)
	}
	return s
}

type gauge struct {
	name, help string
	labels     []string
}

var gauges = []gauge{
	{"leader", "1 while this process leads, 0 while it stands by.", nil},
	{"healthy", "1 for each check of /readyz that passes, else 0.", []string{"check"}},
	{"workers", "Workers without an outcome, by state.", []string{"state"}},
	{"capacity_available", "How many more workers may have a Pod now.", nil},
	{"max_workers", "How many workers may have a Pod at once (OTTO_MAX_WORKERS).", nil},
	{"events_open", "Accepted events that are not closed.", nil},
	{"events_waiting", "Open events with workers that have not started.", nil},
	{"max_waiting_events", "How many events may wait before the intake is paused (OTTO_MAX_WAITING_EVENTS).", nil},
	{"pods_retained", "Pods that are yet to be deleted: of ended workers until their TTL is over, and of workers being removed.", nil},
	{"template_parked", "1 for each template whose Pods the API server currently refuses, else 0.", []string{"template"}},
	{"stream_up", "1 when Redis reported the state of the stream, else 0 and the other stream metrics are missing.", nil},
	{"stream_length", "Entries in the source stream, including processed ones.", nil},
	{"stream_lag", "Entries not delivered yet; missing where Redis cannot tell.", nil},
	{"stream_pending", "Entries delivered and not acknowledged: of events with workers that have neither a Pod nor an outcome.", nil},
	{"stream_oldest_pending_age_seconds", "Age of the oldest pending entry by the time in its ID, 0 when none is pending.", nil},
	{"dead_letters", "Dead letters in the dead-letter stream, which keeps about the last ten thousand.", nil},
}

// Describe implements prometheus.Collector.
func (s *stateCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range s.descs {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (s *stateCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	set := func(name string, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(s.descs[name], prometheus.GaugeValue, value, labels...)
	}
	var all sync.WaitGroup
	all.Go(func() { s.workers(ctx, set) })
	all.Go(func() { s.stream(ctx, set) })
	for _, c := range s.opts.Checks {
		all.Go(func() { set("healthy", toFloat(c.Run(ctx) == nil), c.Name) })
	}
	set("leader", toFloat(s.opts.Leading()))
	all.Wait()
}

type setter func(name string, value float64, labels ...string)

// workers shows zeros where no term runs, as in a standby, so that sums over replicas are right.
func (s *stateCollector) workers(ctx context.Context, set setter) {
	snap, _ := s.opts.Workers(ctx)
	for state, n := range map[string]int{
		"waiting": snap.WorkersWaiting, "creating": snap.WorkersCreating, "starting": snap.WorkersStarting,
		"running": snap.WorkersRunning, "unknown": snap.WorkersUnknown,
	} {
		set("workers", float64(n), state)
	}
	set("capacity_available", float64(snap.CapacityAvailable))
	set("max_workers", float64(snap.MaxWorkers))
	set("events_open", float64(snap.EventsOpen))
	set("events_waiting", float64(snap.EventsWaiting))
	set("max_waiting_events", float64(snap.MaxWaiting))
	set("pods_retained", float64(snap.PodsRetained))
	s.templates(snap.Parked, set)
	s.queues(&snap, set)
}

func (s *stateCollector) templates(parked []string, set setter) {
	byLabel := make(map[string]bool)
	for _, name := range parked {
		byLabel[s.names.template(name)] = true
	}
	for _, label := range s.names.templates() {
		set("template_parked", toFloat(byLabel[label]), label)
	}
}

func (s *stateCollector) stream(ctx context.Context, set setter) {
	stream, err := s.opts.Stream(ctx)
	set("stream_up", toFloat(err == nil))
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

func toFloat(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
