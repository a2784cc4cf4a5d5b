package cli

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"testing"

	"go.uber.org/goleak"
)

func TestLoopback(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:6060":   true,
		"127.1.2.3:0":      true,
		"[::1]:6060":       true,
		"0.0.0.0:6060":     false,
		"[::]:6060":        false,
		":6060":            false,
		"10.0.0.1:6060":    false,
		"localhost:6060":   false,
		"127.0.0.1":        false,
		"127.0.0.1:100000": false,
		"":                 true, // nowhere
	} {
		if err := loopback(address); (err == nil) != ok {
			t.Errorf("%q: %v, want ok %v", address, err, ok)
		}
	}
}

// A wrong address is a usage error, and nothing is started.
func TestProfilesElsewhere(t *testing.T) {
	var stderr bytes.Buffer
	code := Main(t.Context(), "test", []string{"run", "--pprof", "0.0.0.0:6060"}, io.Discard, &stderr)
	if want := "ottoscaler: --pprof: got \"0.0.0.0:6060\", takes a loopback address with a port such as 127.0.0.1:6060\n"; code != exitUsage || stderr.String() != want {
		t.Errorf("exit code %d, %q; want %d, %q", code, stderr.String(), exitUsage, want)
	}
}

func TestProfiles(t *testing.T) {
	defer goleak.VerifyNone(t)
	var log bytes.Buffer
	stop, err := profiles("127.0.0.1:0", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	base := regexp.MustCompile(`http://[0-9.:]+/debug/pprof/`).FindString(log.String())
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for path, want := range map[string]int{
		"heap": 200, "heap?gc=1": 200, "goroutine": 200, "profile?seconds=1": 200, "cmdline": 404, "": 404,
	} {
		answer, err := client.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		gzipped := bytes.HasPrefix(body, []byte{0x1f, 0x8b}) // as `go tool pprof` takes them
		if err != nil || answer.StatusCode != want || gzipped != (want == 200) {
			t.Errorf("%s: %d, %d bytes, %v; want %d", path, answer.StatusCode, len(body), err, want)
		}
	}
	stop()
	if answer, err := client.Get(base + "heap"); err == nil {
		_ = answer.Body.Close()
		t.Error("profiles are still served after stop")
	}
}

// Nothing of ours may be on the mux that all packages share.
func TestNoSharedMux(t *testing.T) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/debug/pprof/heap", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if _, pattern := http.DefaultServeMux.Handler(request); pattern != "" {
		t.Errorf("%q is served by http.DefaultServeMux", pattern)
	}
}
