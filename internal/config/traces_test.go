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
