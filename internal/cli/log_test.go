package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/trouble"
)

// TestCodes: every trouble has its code in the log, in either format; what is no trouble has none.
func TestCodes(t *testing.T) {
	for _, format := range []string{"json", "text"} {
		for _, tr := range trouble.All() {
			var out bytes.Buffer
			log := newLogger(&out, config.Process{LogFormat: format}).With("event_id", "1-2")
			log.Warn(tr.Message) //nolint:sloglint // each of the list
			if !strings.Contains(out.String(), tr.Code) || !strings.Contains(out.String(), "1-2") {
				t.Errorf("%s: no code %s in %q", format, tr.Code, out.String())
			}
		}
		var out bytes.Buffer
		log := newLogger(&out, config.Process{LogFormat: format})
		log.Warn("all is well")
		log.Info("entry rejected") // what a producer does wrong is a warning
		if strings.Contains(out.String(), "OTTO") {
			t.Errorf("%s: %q", format, out.String())
		}
	}
}

// TestInjection: what comes from outside makes no line, and no field, of its own.
func TestInjection(t *testing.T) {
	evil := "x\n{\"level\":\"ERROR\",\"msg\":\"owned\"}\r\n\x1b[31m" + `","code":"OTTO999`
	for _, format := range []string{"json", "text"} {
		var out bytes.Buffer
		newLogger(&out, config.Process{LogFormat: format}).Warn("entry rejected", slog.String("reason", evil), slog.Any("error", errors.New(evil)))
		line := strings.TrimSuffix(out.String(), "\n")
		if strings.ContainsAny(line, "\n\r\x1b") {
			t.Errorf("%s: %q", format, line)
		}
		fields := make(map[string]any)
		if err := json.Unmarshal([]byte(line), &fields); format == "json" && (err != nil || fields["code"] != "OTTO401") {
			t.Errorf("%v: %q", err, line)
		}
	}
}

func TestFail(t *testing.T) {
	if err := fail(trouble.Redis, nil); err != nil {
		t.Errorf("no error became %v", err)
	}
	cause := errors.New("connection refused")
	err := fail(trouble.Redis, cause)
	if want := "OTTO104: Redis cannot be used: connection refused"; err.Error() != want || !errors.Is(err, cause) {
		t.Errorf("got %q, want %q", err, want)
	}
}
