package health

import (
	"log/slog"
	"strings"
	"testing"
)

// TestProfiles: profiles are served on loopback only, read-only, and nothing else is.
func TestProfiles(t *testing.T) {
	for _, addr := range []string{":6060", "0.0.0.0:6060", "10.0.0.1:6060", "example.com:6060", "127.0.0.1", "[::]:6060", ""} {
		if _, err := NewProfiles(addr, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%q was accepted", addr)
		}
	}
	s, err := NewProfiles("[::1]:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if got := get(s, "GET", "/debug/pprof/goroutine?debug=1"); got.Code != 200 || !strings.Contains(got.Body, "goroutine profile") {
		t.Errorf("got %+v", got)
	}
	if got := get(s, "POST", "/debug/pprof/symbol"); got.Code != 405 {
		t.Errorf("got %+v", got)
	}
	if got := get(s, "GET", "/metrics"); got.Code != 404 {
		t.Errorf("got %+v", got)
	}
}
