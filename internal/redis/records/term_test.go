package records

import (
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
)

func testBeginGroup(t *testing.T, p *redistest.Fixture) {
	begin(t, newJournal(p))
	if got := p.LastDelivered(t); got != "0-0" && got != "0" { // miniredis repeats the argument
		t.Errorf("a new group starts at %s", got)
	}
	p.Do(t, "XADD", stream, "5-1", "a", "b")
	p.Do(t, "XADD", stream, "5-2", "a", "b")
	p.Do(t, "SET", keysOf.LastAcceptedID(), "5-1")
	p.Do(t, "XGROUP", "DESTROY", stream, group)
	begin(t, newJournal(p))
	if got := p.LastDelivered(t); got != "5-1" {
		t.Errorf("the group starts at %s, want the last accepted ID", got)
	}
	p.ReadNew(t, group, consumer, 1)
	begin(t, newJournal(p))
	if got := p.LastDelivered(t); got != "5-2" {
		t.Errorf("an existing group was moved to %s", got)
	}
}

// testNewStream: the stream is gone, or another one whose last ID is below the last accepted one.
func testNewStream(t *testing.T, p *redistest.Fixture) {
	for name, prepare := range map[string]func(){
		"gone":   func() {},
		"lower":  func() { p.Do(t, "XADD", stream, "4-1", "a", "b") },
		"listed": func() { p.Do(t, "XADD", stream, "4-1", "a", "b"); p.Do(t, "SET", keysOf.LastAcceptedID(), "4-2") },
	} {
		p.Do(t, "FLUSHALL")
		p.Log.Reset()
		p.Do(t, "SET", keysOf.LastAcceptedID(), "5-1")
		prepare()
		last, _ := begin(t, newJournal(p))
		if got := p.LastDelivered(t); !last.IsZero() || got != "0-0" && got != "0" {
			t.Errorf("%s: last accepted %v, the group starts at %s", name, last, got)
		}
		if p.Raw.Exists(t.Context(), keysOf.LastAcceptedID()).Val() != 0 || !strings.Contains(p.Log.String(), "stream replaced") {
			t.Errorf("%s: the last accepted ID is still there, or nothing was logged: %s", name, p.Log)
		}
	}
}
