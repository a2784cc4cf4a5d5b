package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
)

// TestLogFormats: a failure has its code and the logger's own attributes, in either format.
func TestLogFormats(t *testing.T) {
	for format, want := range map[string][]string{
		"json": {`"level":"WARN"`, `"event_id":"1-2"`, `"code":"OTTO401"`, `"msg":"entry rejected"`},
		"text": {"WRN", "event_id=1-2", "code=OTTO401", "entry rejected"},
	} {
		var out bytes.Buffer
		errcode.Warn(newLogger(&out, config.Process{LogFormat: format}).With("event_id", "1-2"), errcode.EntryRejected)
		for _, part := range want {
			if !strings.Contains(out.String(), part) {
				t.Errorf("%s: no %s in %q", format, part, out.String())
			}
		}
	}
}

// TestLogInjection: text of producers and Pods makes no line and no field of its own.
func TestLogInjection(t *testing.T) {
	hostile := "x\n{\"level\":\"ERROR\",\"msg\":\"owned\"}\r\n\x1b[31m" + `","code":"OTTO999`
	for _, format := range []string{"json", "text"} {
		var out bytes.Buffer
		errcode.Warn(newLogger(&out, config.Process{LogFormat: format}), errcode.EntryRejected, "reason", hostile, "error", errors.New(hostile))
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
