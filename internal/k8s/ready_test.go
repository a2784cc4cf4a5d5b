package k8s

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
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
			access := k8stest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/version" || tries.Add(1) == 1 { // it may still be starting
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				k8stest.Answer(w, 200, map[string]string{"gitVersion": test.version})
			})
			var log bytes.Buffer
			if err := newTestClient(t, access, slog.New(slog.NewTextHandler(&log, nil))).Ready(t.Context()); err != nil {
				t.Error(err)
			}
			if got := strings.Contains(log.String(), string(errcode.UntestedVersion)); got != test.warns {
				t.Errorf("log %q", log.String())
			}
		})
	}
}

func TestNotReady(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	address := k8stest.ClosedPort(t)
	err := newTestClient(t, &rest.Config{Host: "http://" + address}, discard).Ready(ctx)
	want := "the Kubernetes API server at " + address + " does not answer: "
	if err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v", err)
	}
	refusing := newTestClient(t, k8stest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		k8stest.Answer(w, 401, k8stest.Status(401, metav1.StatusReasonUnauthorized, "Unauthorized"))
	}), discard)
	if err := refusing.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "rejects the credentials") {
		t.Errorf("got %v", err)
	}
}

func TestPing(t *testing.T) {
	code := http.StatusOK
	access := k8stest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		k8stest.Answer(w, code, map[string]string{"gitVersion": "v1.37.2"})
	})
	client := newTestClient(t, access, discard)
	if err := client.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	if v, err := client.Version(t.Context()); v != "v1.37.2" || err != nil {
		t.Errorf("version %q, %v", v, err)
	}
	code = http.StatusServiceUnavailable
	want := "the Kubernetes API server at " + strings.TrimPrefix(access.Host, "http://") + " does not answer: "
	if err := client.Ping(t.Context()); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}

func TestWarnsOnce(t *testing.T) {
	var log bytes.Buffer
	client := newTestClient(t, k8stest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Warning", `299 - "would violate PodSecurity"`)
		k8stest.Answer(w, 200, map[string]string{"gitVersion": "v1.37.2"})
	}), slog.New(slog.NewTextHandler(&log, nil)))
	for range 3 {
		if err := client.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(log.String(), "would violate PodSecurity"); n != 1 {
		t.Errorf("warned %d times", n)
	}
}
