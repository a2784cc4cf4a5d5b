package metrics

import (
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func (s *fixture) gauges(t *testing.T) map[string]float64 {
	t.Helper()
	got := make(map[string]float64)
	for name, v := range s.values(t) {
		for _, g := range gauges {
			if base, _, _ := strings.Cut(name, "{"); base == g.name {
				got[name] = math.Floor(v)
			}
		}
	}
	return got
}

func TestStateOfStandby(t *testing.T) {
	want := map[string]float64{
		"leader": 0, "healthy{redis}": 1, "workers{waiting}": 0, "workers{creating}": 0, "workers{starting}": 0, "workers{running}": 0,
		"workers{unknown}": 0, "capacity_available": 0, "max_workers": 0, "events_open": 0, "events_waiting": 0, "max_waiting_events": 0,
		"pods_retained": 0, "template_parked{(built-in)}": 0, "template_parked{big}": 0, "stream_up": 1, "stream_length": 0, "stream_lag": 0,
		"stream_pending": 0, "stream_oldest_pending_age_seconds": 0, "dead_letters": 0,
	}
	if diff := cmp.Diff(want, newFixture().gauges(t)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestStateOfLeader(t *testing.T) {
	s := newFixture()
	s.leading = true
	s.snap = worker.Snapshot{
		EventsOpen: 1, EventsWaiting: 2, MaxWaiting: 3, WorkersWaiting: 4, WorkersCreating: 5, WorkersStarting: 6, WorkersRunning: 7,
		WorkersUnknown: 8, CapacityAvailable: 9, MaxWorkers: 10, PodsRetained: 11, Parked: []string{"big"},
	}
	s.stream = Stream{Length: 12, Pending: 13, Oldest: time.Now().Add(-90500 * time.Millisecond), Lag: -1, Dead: 14}
	want := map[string]float64{
		"leader": 1, "healthy{redis}": 1, "workers{waiting}": 4, "workers{creating}": 5, "workers{starting}": 6, "workers{running}": 7,
		"workers{unknown}": 8, "capacity_available": 9, "max_workers": 10, "events_open": 1, "events_waiting": 2, "max_waiting_events": 3,
		"pods_retained": 11, "template_parked{(built-in)}": 0, "template_parked{big}": 1, "stream_up": 1, "stream_length": 12,
		"stream_pending": 13, "stream_oldest_pending_age_seconds": 90, "dead_letters": 14,
	}
	if diff := cmp.Diff(want, s.gauges(t)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestStateWithoutRedis(t *testing.T) {
	s := newFixture()
	s.down = errors.New("redis is down")
	got := s.gauges(t)
	if _, there := got["stream_length"]; there || got["stream_up"] != 0 || got["healthy{redis}"] != 0 {
		t.Errorf("got %v", got)
	}
}

// TestConventions: Prometheus' own linter accepts what is served.
func TestConventions(t *testing.T) {
	w := httptest.NewRecorder()
	newFixture().handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	body, err := io.ReadAll(w.Body)
	if err != nil || w.Code != http.StatusOK || !strings.Contains(string(body), `ottoscaler_events_total{outcome="accepted",type="scale_up"} 0`) {
		t.Fatalf("%d, %v:\n%s", w.Code, err, body)
	}
	problems, err := promlint.New(strings.NewReader(string(body))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
