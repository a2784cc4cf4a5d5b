package traces

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func answer(status int, body string, header ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func jsonOnly() map[string]string {
	return map[string]string{"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}
}

// TestRun: every entry is acknowledged, every span is sent, with the operator's headers and resource.
func TestRun(t *testing.T) {
	for protocol, contentType := range map[string]string{"http/json": "application/json", "http/protobuf": "application/x-protobuf"} {
		for _, compression := range []string{"gzip", "none"} {
			e, group, collector, log := fixture(t, map[string]string{
				"OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "OTEL_EXPORTER_OTLP_COMPRESSION": compression, "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20x",
				"OTEL_RESOURCE_ATTRIBUTES": "team=web,service.name=other",
			}, history())
			ctx, cancel := context.WithCancel(t.Context())
			group.stop = cancel
			if err := e.Run(ctx); err != nil {
				t.Fatal(err)
			}
			if len(collector.names()) != 12 || len(collector.spans) != 12 || len(group.acked) != 9 || e.Stats() != (Stats{Sent: 12}) || log.Len() > 0 {
				t.Errorf("spans %v, acknowledged %v, %+v\n%s", collector.names(), group.acked, e.Stats(), log)
			}
			if h := collector.headers; h.Get("Content-Type") != contentType || h.Get("Authorization") != "Bearer x" {
				t.Errorf("headers %v", h)
			}
			resource := make(map[string]string)
			for _, a := range collector.data.GetResourceSpans()[0].GetResource().GetAttributes() {
				resource[a.GetKey()] = a.GetValue().GetStringValue()
			}
			want := map[string]string{"service.name": "other", "service.version": "v1", "service.instance.id": "gateway-1", "team": "web"}
			if d := cmp.Diff(want, resource); d != "" {
				t.Errorf("resource: %s", d)
			}
		}
	}
}

// TestTransient: what may pass by is tried again, nothing is acknowledged before, and it is said once.
func TestTransient(t *testing.T) {
	for _, code := range []int{http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusTemporaryRedirect} {
		e, group, collector, _ := fixture(t, jsonOnly(), history())
		collector.answers = append(collector.answers, answer(code, "later", "Location", "http://127.0.0.1:1"))
		if err := e.pass(t.Context()); err == nil || len(group.acked) > 0 {
			t.Errorf("%d: %v, acknowledged %v", code, err, group.acked)
		}
		if err := e.pass(t.Context()); err != nil || len(group.acked) != 9 || len(collector.spans) != 12 || collector.calls != 2 {
			t.Errorf("%d, again: %v, acknowledged %v, %d calls", code, err, group.acked, collector.calls)
		}
	}
}

// TestLostAcknowledgement: the very same spans are sent again.
func TestLostAcknowledgement(t *testing.T) {
	e, group, collector, _ := fixture(t, nil, history())
	group.broken = 1
	if err := e.pass(t.Context()); err == nil {
		t.Error("no error")
	}
	if err := e.pass(t.Context()); err != nil {
		t.Error(err)
	}
	if len(collector.spans) != 24 || len(collector.names()) != 12 {
		t.Errorf("%d spans, %d of them different", len(collector.spans), len(collector.names()))
	}
}

// TestRefused: what will never be taken is dropped and counted, and said once until something is taken again.
func TestRefused(t *testing.T) {
	e, group, collector, log := fixture(t, nil, nil)
	refuse := answer(http.StatusBadRequest, "no\x1b[31m such\nthing")
	collector.answers = []func(http.ResponseWriter){refuse, refuse, nil, refuse}
	for range 4 {
		group.entries = history()
		if err := e.pass(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := e.Stats(); got != (Stats{Sent: 12, Refused: 36}) || len(group.acked) != 36 {
		t.Errorf("%+v, acknowledged %d", got, len(group.acked))
	}
	if n := strings.Count(log.String(), "OTTO752"); n != 2 || !strings.Contains(log.String(), "status=400") || strings.Contains(log.String(), "\x1b") {
		t.Errorf("%d lines:\n%s", n, log)
	}
}

func TestPartialSuccess(t *testing.T) {
	e, group, collector, log := fixture(t, jsonOnly(), nil)
	partly := answer(http.StatusOK, `{"partialSuccess":{"rejectedSpans":"5","errorMessage":"too old"}}`)
	collector.answers = []func(http.ResponseWriter){partly, partly}
	for range 2 {
		group.entries = history()
		if err := e.pass(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := e.Stats(); got != (Stats{Sent: 14, Dropped: 10}) || len(group.acked) != 18 {
		t.Errorf("%+v, acknowledged %d", got, len(group.acked))
	}
	if n := strings.Count(log.String(), "OTTO753"); n != 1 || !strings.Contains(log.String(), "too old") {
		t.Errorf("%d lines:\n%s", n, log)
	}
}

// TestUnreachable: Run goes on, says so once, and says when it is over.
func TestUnreachable(t *testing.T) {
	e, group, collector, log := fixture(t, nil, history())
	collector.answers = slices.Repeat([]func(http.ResponseWriter){answer(http.StatusBadGateway, "")}, 2)
	ctx, cancel := context.WithCancel(t.Context())
	group.stop = cancel
	if err := e.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if strings.Count(log.String(), "OTTO751") != 1 || !strings.Contains(log.String(), "spans are sent again") || e.Stats() != (Stats{Sent: 12, Failed: 2}) {
		t.Errorf("%+v\n%s", e.Stats(), log)
	}
}

func TestPause(t *testing.T) {
	for name, c := range map[string]struct {
		failures int
		err      error
		want     time.Duration
	}{
		"the first":         {1, errors.New("x"), 250 * time.Millisecond},
		"many":              {99, errors.New("x"), 30 * time.Second},
		"the collector's":   {1, failure(503, "7", ""), 7 * time.Second},
		"too long":          {1, failure(429, "86400", ""), 30 * time.Second},
		"no number":         {1, failure(429, "soon", ""), 250 * time.Millisecond},
		"a negative one":    {1, failure(429, "-5", ""), 250 * time.Millisecond},
		"less than its own": {5, failure(429, "1", ""), 4 * time.Second},
	} {
		if got := pause(c.failures, c.err); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// TestLost: entries that were trimmed are counted, and acknowledged.
func TestLost(t *testing.T) {
	e, group, collector, _ := fixture(t, nil, history()[:2])
	group.entries[0].Fields = nil
	if err := e.pass(t.Context()); err != nil || e.Stats() != (Stats{Lost: 1}) || len(group.acked) != 2 || collector.calls > 0 {
		t.Errorf("%v, %+v, acknowledged %v", err, e.Stats(), group.acked)
	}
}

// TestRedirect: it is not followed, since the headers have a token.
func TestRedirect(t *testing.T) {
	e, _, collector, _ := fixture(t, map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "x-token=sesame"}, history())
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	t.Cleanup(other.Close)
	collector.answers = append(collector.answers, answer(http.StatusTemporaryRedirect, "", "Location", other.URL))
	if err := e.pass(t.Context()); err == nil || !strings.Contains(err.Error(), "307") {
		t.Errorf("got %v", err)
	}
}
