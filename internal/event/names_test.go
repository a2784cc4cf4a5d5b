package event_test

import (
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

func FuzzPodName(f *testing.F) {
	f.Add("ottoscaler", "otto:scale:events", uint64(1756659802903), uint64(0), 1, 1)
	f.Add("other", "s", uint64(1), uint64(18446744073709551615), 1000, 3)
	f.Fuzz(func(t *testing.T, instance, stream string, ms, seq uint64, slot, attempt int) {
		slot, attempt = max(1, min(slot, 100_000)), max(1, min(attempt, 99))
		name := event.NewNames(instance, stream).Pod(event.ID{ms, seq}, slot, attempt)
		invalid := strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-")
		if len(name) > 253 || invalid != "" || strings.HasSuffix(name, "-") {
			t.Errorf("%q is not a valid Pod name", name)
		}
		if next := event.NewNames(instance, stream).Pod(event.ID{ms, seq}, slot, attempt+1); next == name {
			t.Errorf("two attempts share the name %q", name)
		}
	})
}

func TestNames(t *testing.T) {
	id := event.ID{Ms: 1756659802903}
	n := event.NewNames(event.DefaultInstance, event.DefaultStream)
	if got := n.Pod(id, 1, 1); got != "otto-agent-1-1756659802903-0" {
		t.Errorf("first attempt: %s", got)
	}
	if got := n.Pod(event.ID{Ms: id.Ms, Seq: 12}, 3, 1); got != "otto-agent-3-1756659802903-12" {
		t.Errorf("an entry of the same millisecond: %s", got)
	}
	if got := n.Pod(id, 1, 2); got != "otto-agent-1-1756659802903-0-r2" {
		t.Errorf("second attempt: %s", got)
	}
	other := event.NewNames("other", event.DefaultStream).Pod(id, 1, 1)
	third := event.NewNames(event.DefaultInstance, "other").Pod(id, 1, 1)
	if other == third || other == n.Pod(id, 1, 1) || !strings.HasSuffix(other, "-1-1756659802903-0") {
		t.Errorf("the names of two installations: %s, %s", other, third)
	}
}
