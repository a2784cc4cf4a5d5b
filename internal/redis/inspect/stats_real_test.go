//go:build real

package inspect

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
)

// TestStats: an empty Redis, then a stream without a group, then a group with pending entries.
func TestStats(t *testing.T) {
	p := redistest.Real(t)
	check := func(what string, want Stats) {
		t.Helper()
		got, err := ReadStats(t.Context(), p.Client, stream, group)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	check("an empty Redis", Stats{Lag: -1})
	for _, id := range []string{"5-2", "5-10", "6-1"} {
		p.Do(t, "XADD", stream, id, "a", "b")
	}
	check("no group", Stats{Length: 3, Lag: -1})
	p.Do(t, "XGROUP", "CREATE", stream, group, "0")
	p.Do(t, "XREADGROUP", "GROUP", group, "other", "COUNT", "2", "STREAMS", stream, ">")
	p.Do(t, "XACK", stream, group, "5-2")
	p.Do(t, "XADD", p.Keys.Dead(), "*", "reason_code", "poison")
	check("read", Stats{Length: 3, Pending: 1, Oldest: event.ID{Ms: 5, Seq: 10}, Lag: 1, Dead: 1})
	p.Do(t, "DEL", stream)
	p.Do(t, "SET", stream, "no stream")
	if _, err := ReadStats(t.Context(), p.Client, stream, group); err == nil {
		t.Error("a key that is not a stream is no error")
	}
}
