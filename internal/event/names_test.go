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
		id, s, a, ok := event.NewNames(instance, stream).Parse(name)
		if !ok || id != (event.ID{Ms: ms, Seq: seq}) || s != slot || a != attempt {
			t.Errorf("%q is parsed as %v, slot %d, attempt %d, %v", name, id, s, a, ok)
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

func TestParseName(t *testing.T) {
	names := event.NewNames(event.DefaultInstance, event.DefaultStream)
	for _, name := range []string{
		"", "web", "otto-agent-", "otto-agent-1-5", "otto-agent-1-5-0-", "otto-agent-1-5-0-r", "otto-agent-1-5-0-r1", "otto-agent-01-5-0",
		"otto-agent-+1-5-0", "otto-agent-1-5-0-r02", "otto-agent-1-5-0-r2-r3", "otto-agent-99999999999999999999-5-0", "otto-agent-1-05-0",
		"otto-agent-1-5-0 ", "Otto-agent-1-5-0", event.NewNames("other", event.DefaultStream).Pod(event.ID{Ms: 5}, 1, 1),
	} {
		if id, slot, attempt, ok := names.Parse(name); ok {
			t.Errorf("%q is parsed as %v, slot %d, attempt %d", name, id, slot, attempt)
		}
	}
	if id, slot, attempt, ok := names.Parse("otto-agent-7-5-3-r2"); !ok || id != (event.ID{Ms: 5, Seq: 3}) || slot != 7 || attempt != 2 {
		t.Errorf("parsed as %v, slot %d, attempt %d, %v", id, slot, attempt, ok)
	}
}
