package app

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// TestTraceparent: it is named only where spans are exported.
func TestTraceparent(t *testing.T) {
	const sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	e := &event.Event{EventID: event.ID{Ms: 1756659802903}, Traceparent: sent}
	for name, environ := range map[string]map[string]string{
		"off":      nil,
		"disabled": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_SDK_DISABLED": "true"},
	} {
		if traceparent(load(t, environ)) != nil {
			t.Errorf("%s: it is named", name)
		}
	}
	on := traceparent(load(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}))
	if got, want := on(e, 2, 1), sent[:36]+"6af87efe67c7372c-01"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	off := traceparent(load(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_TRACES_SAMPLER": "always_off"}))
	if got, want := off(e, 2, 1), sent[:36]+"6af87efe67c7372c-00"; got != want {
		t.Errorf("always_off: got %s, want %s", got, want)
	}
}
