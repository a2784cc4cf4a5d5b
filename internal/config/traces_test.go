package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTracesURL(t *testing.T) {
	const base, own = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	for name, c := range map[string]struct {
		environ map[string]string
		want    string
	}{
		"off":            {nil, ""},
		"base":           {map[string]string{base: "http://collector:4318"}, "http://collector:4318/v1/traces"},
		"base with path": {map[string]string{base: "https://collector/otlp/"}, "https://collector/otlp/v1/traces"},
		"own":            {map[string]string{base: "http://a", own: "http://b/spans"}, "http://b/spans"},
		"disabled":       {map[string]string{base: "http://a", own: "http://b/spans", "OTEL_SDK_DISABLED": "true"}, ""},
	} {
		cfg, err := Load(c.environ)
		if got := cfg.Traces.URL(); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v; want %q", name, got, err, c.want)
		}
	}
}

func TestTracesPairs(t *testing.T) {
	cfg, err := Load(map[string]string{
		"OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20x, a=b=c", "OTEL_RESOURCE_ATTRIBUTES": "team=%ED%95%9C,plus=1+1",
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"Authorization": "Bearer x", "a": "b=c"}, cfg.Traces.HeaderPairs()); d != "" {
		t.Errorf("headers: %s", d)
	}
	if d := cmp.Diff(map[string]string{"team": "한", "plus": "1+1"}, cfg.Traces.ResourcePairs()); d != "" {
		t.Errorf("attributes: %s", d)
	}
}

// TestForeignVariables: where no spans are sent, what is meant for other programs stops nothing.
func TestForeignVariables(t *testing.T) {
	foreign := map[string]string{
		"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_TRACES_SAMPLER": "xray", "OTEL_RESOURCE_ATTRIBUTES": "a=b,", "OTEL_EXPORTER_OTLP_TIMEOUT": "10s",
		"OTEL_EXPORTER_OTLP_CLIENT_KEY": "/dev/null",
	}
	want, err := Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Load(foreign); err != nil || got.Traces != want.Traces {
		t.Errorf("%v: %+v", err, got.Traces)
	}
	foreign["OTEL_EXPORTER_OTLP_ENDPOINT"], foreign["OTEL_SDK_DISABLED"] = "grpc://collector:4317", "tRue"
	if got, err := Load(foreign); err != nil || got.Traces.URL() != "" {
		t.Errorf("%v: %+v", err, got.Traces)
	}
	foreign["OTEL_SDK_DISABLED"] = "1" // does not disable
	if _, err := Load(foreign); err == nil {
		t.Error("no error where spans are to be sent")
	}
}
