package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
	"github.com/ottoscaler/ottoscaler/internal/worker/workertest"
)

// scene is metrics beside a process that is made up.
type scene struct {
	registry *prometheus.Registry
	meter    *Meter
	handler  http.Handler

	leading bool
	snap    worker.Snapshot
	stream  Stream
	down    error // Redis'
}

func newScene() *scene {
	s := &scene{registry: prometheus.NewRegistry()}
	s.meter, s.handler = NewMetrics(s.registry, MetricsOptions{
		Version: "v1.2.3", Templates: []string{"big"}, Checks: []Check{{"redis", func(context.Context) error { return s.down }}},
		Leading: func() bool { return s.leading },
		Workers: func(context.Context) (worker.Snapshot, bool) { return s.snap, s.leading },
		Stream:  func(context.Context) (Stream, error) { return s.stream, s.down },
	})
	return s
}

// values are our series by name and labels; of a histogram the count and the sum, to a millisecond.
func (s *scene) values(t *testing.T) map[string]float64 {
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

var counted = []string{"events_", "dead_letters_total", "workers_", "attempts", "retries", "pod_requests", "terms", "read_", "create_", "start_", "run_", "record_"}

type nothing struct{ err error }

func (n nothing) Begin(context.Context) (event.ID, bool, error) { return event.ID{}, true, n.err }
func (n nothing) Open(context.Context, event.ID, int) ([]worker.Record, error) {
	return nil, n.err
}
func (n nothing) Find(context.Context, event.ID) (*worker.Record, error) { return nil, n.err }
func (n nothing) Commit(context.Context, []worker.Write) error           { return n.err }

// TestWrites: what each committed write counts as. Reasons and types that nobody knows make no series of their own.
func TestWrites(t *testing.T) {
	at := time.UnixMilli(1756659802903)
	report := func(state worker.State, attempt int, reason string, took time.Duration) worker.Report {
		r := worker.Report{Attempt: attempt, State: state, Reason: reason, At: at}
		if took > 0 {
			r.Began = at.Add(-took)
		}
		return r
	}
	strange := "task-123\n" + strings.Repeat("x", 100)
	for name, test := range map[string]struct {
		write worker.Write
		want  map[string]float64
	}{
		"accept":           {worker.Accept{Event: event.Event{Type: event.ScaleUp}}, map[string]float64{"events_total{accepted,scale_up}": 1}},
		"duplicate":        {worker.Duplicate{Type: event.ScaleDown}, map[string]float64{"events_total{duplicate,scale_down}": 1}},
		"duplicate of old": {worker.Duplicate{}, map[string]float64{"events_total{duplicate,other}": 1}},
		"reject": {
			worker.Reject{Code: event.CodePodCount, Fields: map[string]string{"type": "scale_up"}},
			map[string]float64{"events_total{rejected,scale_up}": 1, "dead_letters_total{invalid_pod_count}": 1},
		},
		"reject strange": {
			worker.Reject{Code: strange, Fields: map[string]string{"type": strange}},
			map[string]float64{"events_total{rejected,other}": 1, "dead_letters_total{other}": 1},
		},
		"trimmed": {
			worker.Reject{Code: event.CodeTrimmed},
			map[string]float64{"events_total{rejected,other}": 1, "dead_letters_total{trimmed}": 1, "events_lost_total{trimmed}": 1},
		},
		"settle":     {worker.Settle{}, map[string]float64{"events_settled_total": 1}},
		"close up":   {worker.Close{Slots: 1}, map[string]float64{"events_closed_total{scale_up}": 1}},
		"close down": {worker.Close{}, map[string]float64{"events_closed_total{scale_down}": 1}},
		"created": {
			worker.Progress{Report: report(worker.StateCreated, 1, "", 20*time.Millisecond)},
			map[string]float64{"workers_started_total": 1, "attempts_total": 1, "create_delay_seconds count": 1, "create_delay_seconds sum": 0.02},
		},
		"created again": {worker.Progress{Report: report(worker.StateCreated, 2, "", 0)}, map[string]float64{"attempts_total": 1}},
		"running": {
			worker.Progress{Report: report(worker.StateRunning, 1, "", 2*time.Second)},
			map[string]float64{"start_delay_seconds count": 1, "start_delay_seconds sum": 2},
		},
		"retrying":         {worker.Progress{Report: report(worker.StateRetrying, 1, "Evicted", 0)}, map[string]float64{"retries_total{Evicted}": 1}},
		"retrying strange": {worker.Progress{Report: report(worker.StateRetrying, 1, strange, 0)}, map[string]float64{"retries_total{other}": 1}},
		"outcome": {worker.Outcome{Report: report(worker.StateFailed, 1, "OOMKilled", 30*time.Second)}, map[string]float64{
			"workers_finished_total{OOMKilled,failed}": 1, "run_duration_seconds count": 1, "run_duration_seconds sum": 30,
			"record_delay_seconds count": 1, "record_delay_seconds sum": 0.007,
		}},
		"outcome of what never ran": {worker.Outcome{Report: report(worker.StateLost, 1, strange, 0)}, map[string]float64{
			"workers_finished_total{other,lost}": 1, "record_delay_seconds count": 1, "record_delay_seconds sum": 0.007,
		}},
		"ack": {worker.Ack{}, map[string]float64{}},
	} {
		s := newScene()
		now := func() time.Time { return at.Add(7 * time.Millisecond) }
		if err := s.meter.Journal(nothing{errors.New("the reply is lost")}, now).Commit(t.Context(), []worker.Write{test.write}); err == nil {
			t.Errorf("%s: the error is lost", name)
		}
		if got := changes(s.values(t), counted...); len(got) != 0 {
			t.Errorf("%s: counted without a reply: %v", name, got)
		}
		if err := s.meter.Journal(nothing{}, now).Commit(t.Context(), []worker.Write{test.write}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(test.want, changes(s.values(t), counted...)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

type answering struct{ worker.Cluster }

func (answering) Create(_ context.Context, p worker.PodSpec) (string, error) {
	return "uid", map[int]error{
		2: fmt.Errorf("x: %w", worker.ErrExists), 3: worker.ErrNameConflict, 4: worker.ErrRefused, 5: worker.ErrUnavailable, 6: worker.ErrForbidden,
		7: worker.ErrUnknown, 8: errors.New("what is this"),
	}[p.Slot]
}

func (answering) Delete(_ context.Context, ref worker.PodRef, _ time.Duration) error {
	return map[string]error{"b": worker.ErrGone}[ref.UID]
}

func TestRequests(t *testing.T) {
	s := newScene()
	c := s.meter.Cluster(answering{})
	for slot := 1; slot <= 8; slot++ {
		_, _ = c.Create(t.Context(), worker.PodSpec{Slot: slot})
	}
	_, _ = c.Delete(t.Context(), worker.PodRef{UID: "a"}, -1), c.Delete(t.Context(), worker.PodRef{UID: "b"}, -1)
	want := map[string]float64{
		"pod_requests_total{ok,create}": 1, "pod_requests_total{exists,create}": 1, "pod_requests_total{foreign,create}": 1,
		"pod_requests_total{refused,create}": 1, "pod_requests_total{busy,create}": 1, "pod_requests_total{denied,create}": 1,
		"pod_requests_total{unknown,create}": 2, "pod_requests_total{ok,delete}": 1, "pod_requests_total{gone,delete}": 1,
	}
	if diff := cmp.Diff(want, changes(s.values(t), counted...)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestWholeStory: a Manager between in-memory neighbours, metered, with two events of which one is nonsense.
func TestWholeStory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		redis, cluster := workertest.NewRedis(), workertest.NewCluster()
		cluster.RunTime = 5 * time.Second
		m := worker.NewManager(s.meter.Source(redis.Source()), s.meter.Journal(redis, time.Now), s.meter.Cluster(cluster), worker.Settings{
			Rules:      event.Rules{MaxPods: 10, Deadlines: map[string]time.Duration{"": 0}},
			Names:      event.NewNames(event.DefaultInstance, event.DefaultStream),
			MaxWorkers: 2, MaxWaiting: 10, MaxAttempts: 1, CreateConcurrency: 1, DeleteConcurrency: 1,
			PendingTimeout: time.Minute, ImagePullTimeout: time.Minute, SucceededTTL: time.Second, FailedTTL: time.Second,
		}, worker.Carryover{}, slog.New(slog.DiscardHandler))
		take, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- m.Run(take, t.Context()) }()
		redis.Add(event.ID{Ms: uint64(time.Now().UnixMilli())}, "type", "scale_up", "pod_count", "3")
		redis.Add(event.ID{Ms: uint64(time.Now().UnixMilli()), Seq: 1}, "type", "scale_up", "pod_count", "many")
		time.Sleep(2 * time.Second)
		snap, ok := m.Snapshot(t.Context())
		want := worker.Snapshot{
			EventsOpen: 1, EventsWaiting: 1, MaxWaiting: 10, WorkersWaiting: 1, WorkersRunning: 2, MaxWorkers: 2,
		}
		if diff := cmp.Diff(want, snap); diff != "" || !ok {
			t.Errorf("in the middle (-want +got):\n%s", diff)
		}
		time.Sleep(time.Minute)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		got := changes(s.values(t), counted...)
		for _, sum := range []string{"create_delay_seconds sum", "start_delay_seconds sum", "record_delay_seconds sum", "read_delay_seconds sum", "run_duration_seconds sum"} {
			delete(got, sum) // of a time that stands still
		}
		if diff := cmp.Diff(map[string]float64{
			"terms_total": 1, "events_total{accepted,scale_up}": 1, "events_total{rejected,scale_up}": 1, "dead_letters_total{invalid_pod_count}": 1,
			"events_settled_total": 1, "events_closed_total{scale_up}": 1, "workers_started_total": 3, "attempts_total": 3,
			"workers_finished_total{Completed,succeeded}": 3, "pod_requests_total{ok,create}": 3, "pod_requests_total{ok,delete}": 3,
			"read_delay_seconds count": 2, "create_delay_seconds count": 3, "start_delay_seconds count": 3,
			"run_duration_seconds count": 3, "record_delay_seconds count": 3,
		}, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
}

func TestStanding(t *testing.T) {
	s := newScene()
	gaugesOf := func() map[string]float64 {
		all := s.values(t)
		got := make(map[string]float64)
		for name, v := range all {
			for _, g := range gauges {
				if base, _, _ := strings.Cut(name, "{"); base == g.name {
					got[name] = math.Floor(v)
				}
			}
		}
		return got
	}
	standby := map[string]float64{
		"leader": 0, "healthy{redis}": 1, "workers{waiting}": 0, "workers{creating}": 0, "workers{starting}": 0, "workers{running}": 0,
		"workers{unclear}": 0, "room": 0, "max_workers": 0, "events_open": 0, "events_waiting": 0, "max_waiting_events": 0, "pods_kept": 0,
		"template_parked{(built-in)}": 0, "template_parked{big}": 0, "stream_up": 1, "stream_length": 0, "stream_lag": 0,
		"stream_pending": 0, "stream_oldest_pending_age_seconds": 0, "dead_letters": 0,
	}
	if diff := cmp.Diff(standby, gaugesOf()); diff != "" {
		t.Errorf("a standby (-want +got):\n%s", diff)
	}
	s.leading = true
	s.snap = worker.Snapshot{
		EventsOpen: 1, EventsWaiting: 2, MaxWaiting: 3, WorkersWaiting: 4, WorkersCreating: 5, WorkersStarting: 6, WorkersRunning: 7,
		WorkersUnknown: 8, CapacityAvailable: 9, MaxWorkers: 10, PodsRetained: 11, Parked: []string{"big"},
	}
	s.stream = Stream{Length: 12, Pending: 13, Oldest: time.Now().Add(-90500 * time.Millisecond), Lag: -1, Dead: 14}
	leader := map[string]float64{
		"leader": 1, "healthy{redis}": 1, "workers{waiting}": 4, "workers{creating}": 5, "workers{starting}": 6, "workers{running}": 7,
		"workers{unclear}": 8, "room": 9, "max_workers": 10, "events_open": 1, "events_waiting": 2, "max_waiting_events": 3, "pods_kept": 11,
		"template_parked{(built-in)}": 0, "template_parked{big}": 1, "stream_up": 1, "stream_length": 12,
		"stream_pending": 13, "stream_oldest_pending_age_seconds": 90, "dead_letters": 14,
	}
	if diff := cmp.Diff(leader, gaugesOf()); diff != "" {
		t.Errorf("a leader (-want +got):\n%s", diff)
	}
	s.down = errors.New("redis is down")
	got := gaugesOf()
	if _, there := got["stream_length"]; there || got["stream_up"] != 0 || got["healthy{redis}"] != 0 {
		t.Errorf("without Redis: %v", got)
	}
}

// TestConventions: Prometheus' own linter finds nothing in what is served.
func TestConventions(t *testing.T) {
	w := httptest.NewRecorder()
	newScene().handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
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
