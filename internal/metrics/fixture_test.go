package metrics

import (
	"context"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/ottoscaler/ottoscaler/internal/health"
	"github.com/ottoscaler/ottoscaler/internal/worker"
	"github.com/ottoscaler/ottoscaler/internal/worker/queue"
)

// testPolicy configures one queue.
var testPolicy = &queue.Policy{
	Defaults: queue.QueuePolicy{Weight: 1},
	Queues:   map[string]queue.QueuePolicy{"web": {Weight: 3, MaxWorkers: 200}},
}

// fixture is the metrics of a made-up process.
type fixture struct {
	registry *prometheus.Registry
	inst     *Instrumenter
	handler  http.Handler

	leading bool
	snap    worker.Snapshot
	stream  Stream
	down    error // of Redis
}

func newFixture() *fixture {
	s := &fixture{registry: prometheus.NewRegistry()}
	s.inst, s.handler = New(s.registry, Options{
		Version: "v1.2.3", Templates: []string{"big"}, Policy: testPolicy,
		Checks:  []health.Check{{Name: "redis", Run: func(context.Context) error { return s.down }}},
		Leading: func() bool { return s.leading },
		Workers: func(context.Context) (worker.Snapshot, bool) { return s.snap, s.leading },
		Stream:  func(context.Context) (Stream, error) { return s.stream, s.down },
	})
	return s
}

// values are the series by name and labels; of a histogram the count and the sum, to a millisecond.
func (s *fixture) values(t *testing.T) map[string]float64 {
	t.Helper()
	families, err := s.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]float64)
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), namespace+"_") {
			continue
		}
		for _, m := range f.GetMetric() {
			name := strings.TrimPrefix(f.GetName(), namespace+"_") + labelsOf(m)
			if h := m.GetHistogram(); h != nil {
				all[name+" count"] = float64(h.GetSampleCount())
				all[name+" sum"] = math.Round(h.GetSampleSum()*1000) / 1000
				continue
			}
			all[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return all
}

func labelsOf(m *dto.Metric) string {
	var pairs []string
	for _, l := range m.GetLabel() {
		pairs = append(pairs, l.GetValue())
	}
	if len(pairs) == 0 {
		return ""
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

// changes are the values that are not zero.
func changes(values map[string]float64, names ...string) map[string]float64 {
	got := make(map[string]float64)
	for name, v := range values {
		for _, n := range names {
			if v != 0 && strings.HasPrefix(name, n) {
				got[name] = v
			}
		}
	}
	return got
}

var counted = []string{
	"events_", "dead_letters_total", "workers_", "attempts", "retries", "pod_requests", "terms", "read_", "create_", "start_", "run_", "record_",
	"queue_wait_", "queue_rejected_", "trials_",
}
