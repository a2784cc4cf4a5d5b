package cli

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// liveNotReady serves a passing /livez and a failing /readyz.
func liveNotReady(t *testing.T) (address string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "[-]redis failed: down\nnot ready", http.StatusServiceUnavailable)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// unusedAddress is one where nothing listens.
func unusedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestHealthcheck(t *testing.T) {
	up, down := liveNotReady(t), unusedAddress(t)
	_, port, err := net.SplitHostPort(up)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		env  string
		args []string
		code int
		want string
	}{
		"alive":              {":" + port, nil, 0, ""},
		"alive, all of IPv4": {"0.0.0.0:" + port, nil, 0, ""},
		"not ready":          {up, []string{"--ready"}, 3, "answered 503 Service Unavailable: [-]redis failed: down; not ready"},
		"elsewhere":          {down, []string{"--address", up}, 0, ""},
		"no answer":          {down, nil, 1, "no answer from http://" + down + "/livez"},
		"no address":         {up, []string{"--address", "x"}, 2, `--address "x": want host:port`},
		"wrong variable":     {"8080", nil, 2, "OTTO_HTTP_ADDR"},
		"an argument":        {up, []string{"x"}, 2, "takes no argument"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OTTO_HTTP_ADDR", c.env)
			var out, errs bytes.Buffer
			code := Main(t.Context(), "test", append([]string{"healthcheck"}, c.args...), &out, &errs)
			if code != c.code || !strings.Contains(errs.String(), c.want) || strings.Count(errs.String(), "\n") > 1 {
				t.Errorf("exit code %d, want %d; stderr %q, want %q", code, c.code, errs.String(), c.want)
			}
		})
	}
}
