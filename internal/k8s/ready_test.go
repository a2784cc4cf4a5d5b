package k8s

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

func TestReady(t *testing.T) {
	for name, test := range map[string]struct {
		version string
		warns   bool
	}{
		"new":      {"v1.37.2", false},
		"oldest":   {"v1.34.0-gke.100", false},
		"too old":  {"v1.33.9", true},
		"unnamed":  {"v0.0.0-master+$Format:%H$", true},
		"nonsense": {"x", true},
	} {
		t.Run(name, func(t *testing.T) {
			var tries atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/version" || tries.Add(1) == 1 { // it may still be starting
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				answer(w, 200, map[string]string{"gitVersion": test.version})
			}))
			defer server.Close()
			var log bytes.Buffer
			o := testOptions(t)
			o.Logger = slog.New(slog.NewTextHandler(&log, nil))
			if err := clientOf(t, server.URL, o).Ready(t.Context()); err != nil {
				t.Error(err)
			}
			if got := strings.Contains(log.String(), "was not tested with"); got != test.warns {
				t.Errorf("log %q", log.String())
			}
		})
	}
}

func TestNotReady(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	address := closedPort(t)
	err := clientOf(t, "http://"+address, testOptions(t)).Ready(ctx)
	want := "the Kubernetes API server at " + address + " does not answer: "
	if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v", err)
	}
	refusing := newTestClient(t, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, 401, status(401, metav1.StatusReasonUnauthorized, "Unauthorized"))
	})
	if err := refusing.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "refuses our credentials") {
		t.Errorf("got %v", err)
	}
}

func TestWarnsOnce(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Warning", `299 - "would violate PodSecurity"`)
		answer(w, 201, livePod(t))
	}))
	defer server.Close()
	var log bytes.Buffer
	o := testOptions(t)
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	c := clientOf(t, server.URL, o)
	for range 3 {
		if _, err := c.Create(t.Context(), testSpec()); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(log.String(), "would violate PodSecurity"); n != 1 {
		t.Errorf("warned %d times", n)
	}
}

func TestNewRefusesInstance(t *testing.T) {
	o := testOptions(t)
	for _, instance := range []string{"", "a b", strings.Repeat("x", 64)} {
		o.Instance = instance
		if _, err := New(&rest.Config{Host: "http://localhost"}, o); err == nil {
			t.Errorf("took %q", instance)
		}
	}
}

func TestPing(t *testing.T) {
	code := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, code, map[string]string{"gitVersion": "v1.37.2"})
	}))
	defer server.Close()
	client := clientOf(t, server.URL, testOptions(t))
	if err := client.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	code = http.StatusServiceUnavailable
	want := "the Kubernetes API server at " + strings.TrimPrefix(server.URL, "http://") + " does not answer: "
	if err := client.Ping(t.Context()); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}
