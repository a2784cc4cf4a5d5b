package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
)

// TestGarbage: an invalid value of any variable ends the start with exit code 2 and one line that names the variable.
func TestGarbage(t *testing.T) {
	for _, name := range config.Names() {
		t.Run(name, func(t *testing.T) {
			for _, other := range config.Names() {
				t.Setenv(other, "")
			}
			if strings.HasPrefix(name, "OTEL_") { // without it the others are ignored
				t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
			}
			t.Setenv(name, "gar\nbage\x1b[31m")
			var out, errs bytes.Buffer
			if code := Main(t.Context(), "test", nil, &out, &errs); code != exitUsage || out.Len() > 0 {
				t.Errorf("exit code %d, want %d; on stdout %q", code, exitUsage, out.String())
			}
			line, rest, _ := strings.Cut(errs.String(), "\n")
			if !strings.HasPrefix(line, "ottoscaler: "+errcode.Configuration.Entry().String()+": "+name+": got ") || !strings.Contains(line, ", takes ") ||
				strings.Contains(line, "\x1b") || rest != "" {
				t.Errorf("want one line about %s, got %q", name, errs.String())
			}
		})
	}
}
