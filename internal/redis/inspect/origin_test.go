package inspect

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
)

// TestOrigins: the record counts, else the entry; what neither has is left out.
func TestOrigins(t *testing.T) {
	p := redistest.Mini(t)
	r := NewReader(p.Client, redistest.Stream, redistest.Group)
	recorded, garbage, entry, gone := event.ID{Ms: 5}, event.ID{Ms: 6}, event.ID{Ms: 7}, event.ID{Ms: 8}
	p.Do(t, "HSET", p.Keys.Event(recorded), "type", "scale_up", "pod_count", "3", "template", "big", "traceparent", "t", "tracestate", "s",
		"accepted_at", "2025-08-31T17:03:22.903Z", "s1", "whatever")
	p.Do(t, "HSET", p.Keys.Event(garbage), "type", "x", "pod_count", "-1", "accepted_at", "soon")
	p.Do(t, "XADD", redistest.Stream, "7-0", "type", "scale_up", "pod_count", "2", "accepted_at", "2025-08-31T17:03:22.903Z", "traceparent", "t")
	got, err := r.Origins(t.Context(), []event.ID{recorded, garbage, entry, gone})
	want := map[event.ID]Origin{
		recorded: {
			Type: "scale_up", PodCount: 3, Template: "big", Traceparent: "t", Tracestate: "s",
			AcceptedAt: time.Date(2025, 8, 31, 17, 3, 22, 903e6, time.UTC),
		},
		garbage: {Type: "x"},
		entry:   {Type: "scale_up", PodCount: 2, Traceparent: "t"},
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	p.Do(t, "SET", p.Keys.Event(gone), "x")
	got, err = r.Origins(t.Context(), []event.ID{gone, garbage}) // a key of another type stands in nobody's way
	if d := cmp.Diff(map[event.ID]Origin{garbage: {Type: "x"}}, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}
