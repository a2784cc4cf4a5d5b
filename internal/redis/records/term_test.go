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

// testComplete: what an emptied Redis may have lost is everything up to now; so is what one may have lost that has no such key.
func testComplete(t *testing.T, p *redistest.Fixture) {
	for name, c := range map[string]struct {
		prepare [][]any
		want    string
		wrong   bool
	}{
		"the first term":                        {[][]any{{"XADD", stream, "5-1", "a", "b"}}, "5-1", false},
		"accepted from a longer stream":         {[][]any{{"XADD", stream, "5-1", "a", "b"}, {"SET", keysOf.LastAcceptedID(), "7-0"}}, "7-0", false},
		"a known installation without it":       {[][]any{{"SET", keysOf.Fence(), "t"}, {"XADD", stream, "5-1", "a", "b"}}, "5-1", false},
		"a known installation":                  {[][]any{{"SET", keysOf.Fence(), "t"}, {"SET", keysOf.Complete(), "3-0"}}, "3-0", false},
		"one that lost the fence alone":         {[][]any{{"SET", keysOf.Complete(), "3-0"}, {"XADD", stream, "5-1", "a", "b"}}, "5-1", false},
		"somebody else wrote into it":           {[][]any{{"SET", keysOf.Fence(), "t"}, {"SET", keysOf.Complete(), "now"}}, "", true},
		"it is read only where terms are known": {[][]any{{"SET", keysOf.Complete(), "now"}, {"XADD", stream, "5-1", "a", "b"}}, "5-1", false},
	} {
		p.Do(t, "FLUSHALL")
		for _, args := range c.prepare {
			p.Do(t, args...)
		}
		start, err := newJournal(p).Begin(t.Context())
		if (err != nil) != c.wrong || err == nil && start.CompleteSince.String() != c.want {
			t.Errorf("%s: %+v, %v, want %s", name, start, err, c.want)
		}
	}
}
