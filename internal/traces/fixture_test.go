package traces

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	v1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	up     = "1756659802903-0"
	sent   = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	trace  = "0af7651916cd43dd8448eb211c80319c"
	stream = "otto:scale:events"
)

// status is a status entry; pairs are field, value.
func status(id string, pairs ...string) inspect.StatusEntry {
	fields := map[string]string{"event_id": up, "seq": "1", "queue": "default"}
	for i := 0; i < len(pairs); i += 2 {
		fields[pairs[i]] = pairs[i+1]
	}
	return inspect.StatusEntry{ID: id, Fields: fields}
}

func workerStatus(id, slot, attempt, state string, pairs ...string) inspect.StatusEntry {
	return status(id, append([]string{
		"kind", "worker", "index", slot, "attempt", attempt, "state", state, "worker", "otto-agent-" + slot + "-" + up,
		"at", "2025-08-31T17:03:40.500Z",
	}, pairs...)...)
}

// history is the status stream of one event: a success, a retry that failed, and a worker that was cancelled while it waited.
func history() []inspect.StatusEntry {
	return []inspect.StatusEntry{
		status("1-0", "kind", "accepted", "at", "2025-08-31T17:03:23.100Z"),
		workerStatus("2-0", "1", "1", "created", "pod", "otto-agent-1-"+up),
		workerStatus("3-0", "1", "1", "running", "pod", "otto-agent-1-"+up),
		status("4-0", "kind", "settled", "at", "2025-08-31T17:03:26.100Z"),
		workerStatus("5-0", "1", "1", "succeeded", "pod", "otto-agent-1-"+up, "namespace", "builds", "node", "node-1", "container", "agent", "exit_code", "0",
			"created_at", "2025-08-31T17:03:24.000Z", "started_at", "2025-08-31T17:03:26.000Z", "ended_at", "2025-08-31T17:03:40.000Z", "message", "secret result"),
		workerStatus("6-0", "2", "1", "retrying", "pod", "otto-agent-2-"+up, "reason", "Evicted", "created_at", "2025-08-31T17:03:22.000Z"),
		workerStatus("7-0", "2", "2", "failed", "pod", "otto-agent-2-"+up+"-r2", "reason", "Error", "exit_code", "7", "code", "OTTO501",
			"created_at", "2025-08-31T17:03:30.000Z", "started_at", "2025-08-31T17:03:31.000Z", "ended_at", "2025-08-31T17:03:35.000Z"),
		workerStatus("8-0", "3", "1", "cancelled", "reason", "ScaledDown", "by_event", "9-0"),
		status("9-0", "kind", "closed", "at", "2025-08-31T17:03:41.000Z", "n_succeeded", "1", "n_failed", "1", "n_cancelled", "1", "n_lost", "0"),
	}
}

func origin() inspect.Origin {
	accepted := entry{fields: map[string]string{"at": "2025-08-31T17:03:23.100Z"}}.time("at")
	return inspect.Origin{Type: "scale_up", PodCount: 3, Template: "big", Traceparent: sent, Tracestate: "a=b", AcceptedAt: accepted}
}

// fakeStatus is a consumer group with one consumer.
type fakeStatus struct {
	mu      sync.Mutex
	entries []inspect.StatusEntry // not acknowledged
	acked   []string
	broken  int // how many acknowledgements fail
	stop    func()
}

func (f *fakeStatus) Read(context.Context) ([]inspect.StatusEntry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.entries) == 0 && f.stop != nil {
		f.stop()
	}
	return slices.Clone(f.entries), nil
}

func (f *fakeStatus) Ack(_ context.Context, ids []string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken > 0 {
		f.broken--
		return errors.New("broken")
	}
	f.acked = append(f.acked, ids...)
	f.entries = slices.DeleteFunc(f.entries, func(s inspect.StatusEntry) bool { return slices.Contains(ids, s.ID) })
	return nil
}

func (*fakeStatus) Leave(context.Context) error { return nil }

// fakeRecords has one event.
type fakeRecords map[string]inspect.Origin

func (f fakeRecords) Origins(_ context.Context, ids []event.ID) (map[event.ID]inspect.Origin, error) {
	all := make(map[event.ID]inspect.Origin)
	for _, id := range ids {
		if o, ok := f[id.String()]; ok {
			all[id] = o
		}
	}
	return all, nil
}

// fakeCollector decodes requests with OpenTelemetry's own package.
type fakeCollector struct {
	t       *testing.T
	mu      sync.Mutex
	answers []func(w http.ResponseWriter) // of the first requests
	spans   []*v1.Span                    // of those it accepted
	headers http.Header
	data    *v1.TracesData
	calls   int
}

func (f *fakeCollector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	f.headers = r.Header
	reader := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			f.t.Error(err)
			return
		}
		reader = unzipped
	}
	body, err := io.ReadAll(reader)
	if err != nil {
		f.t.Error(err)
	}
	if len(f.answers) > 0 {
		answer := f.answers[0]
		if f.answers = f.answers[1:]; answer != nil {
			answer(w)
			return
		}
	}
	f.data = new(v1.TracesData)
	if r.Header.Get("Content-Type") == "application/json" {
		f.data = fromJSON(f.t, body)
	} else if err := proto.Unmarshal(body, f.data); err != nil {
		f.t.Error(err)
	}
	f.spans = append(f.spans, f.data.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()...)
}

// names are the spans as `name ID`, sorted and without repetition.
func (f *fakeCollector) names() []string {
	all := make(map[string]bool)
	for _, s := range f.spans {
		all[fmt.Sprintf("%s %x", s.GetName(), s.GetSpanId())] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// fixture is an Exporter with fakes around it.
func fixture(t *testing.T, environ map[string]string, entries []inspect.StatusEntry) (*Exporter, *fakeStatus, *fakeCollector, *strings.Builder) {
	t.Helper()
	collector := &fakeCollector{t: t}
	server := httptest.NewServer(collector)
	t.Cleanup(server.Close)
	all := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL}
	maps.Copy(all, environ)
	cfg, err := config.Load(all)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	o := Options{Instance: "gateway-1", Version: "v1", Logger: slog.New(slog.NewTextHandler(&log, nil))}
	c, err := newCollector(cfg.Traces, newResource(cfg, o))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	group := &fakeStatus{entries: entries}
	return &Exporter{
		status: group, records: fakeRecords{up: origin()}, collector: c, log: o.Logger,
		builder: builder{naming: cfg.TraceNaming(), group: cfg.Redis.ConsumerGroup}, close: func() error { return nil },
	}, group, collector, &log
}
