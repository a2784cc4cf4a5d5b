//go:build real

package redis

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// TestStats: an empty Redis, then a stream that nobody reads, then a group with something pending.
func TestStats(t *testing.T) {
	p := realPlace(t)
	check := func(what string, want Stats) {
		t.Helper()
		got, err := p.client.Stats(t.Context(), stream, group)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	check("nothing", Stats{Lag: -1})
	for _, id := range []string{"5-2", "5-10", "6-1"} {
		p.do(t, "XADD", stream, id, "a", "b")
	}
	check("no group", Stats{Length: 3, Lag: -1})
	p.do(t, "XGROUP", "CREATE", stream, group, "0")
	p.do(t, "XREADGROUP", "GROUP", group, "somebody", "COUNT", "2", "STREAMS", stream, ">")
	p.do(t, "XACK", stream, group, "5-2")
	p.do(t, "XADD", keysOf.Dead(), "*", "reason_code", "poison")
	check("read", Stats{Length: 3, Pending: 1, Oldest: event.ID{Ms: 5, Seq: 10}, Lag: 1, Dead: 1})
	p.do(t, "DEL", stream)
	p.do(t, "SET", stream, "no stream")
	if _, err := p.client.Stats(t.Context(), stream, group); err == nil {
		t.Error("a key that is no stream is no error")
	}
}
