package redis

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

func TestKeys(t *testing.T) {
	cases := map[string]string{ // the key of the last accepted ID
		"otto:scale:events":   "{otto:scale:events}:mark",
		"{tenant}:events":     "{tenant}:events:mark",
		"a{b}c":               "a{b}c:mark",
		"open{only":           "{open{only}:mark",
		"{}empty:is:no:tag":   "{{}empty:is:no:tag}:mark",
		"closed}before{opens": "{closed}before{opens}:mark",
	}
	for name, want := range cases {
		if got := NewKeys(name).LastAcceptedID(); got != want {
			t.Errorf("stream %q: key %q, want %q", name, got, want)
		}
	}
	k := NewKeys("s")
	got := []string{
		k.Open(), k.Event(event.ID{Ms: 5, Seq: 1}), k.Idempotency("a b"), k.Status(), k.Dead(), k.Refused(), k.Pause(), k.Queues(), k.Complete(),
	}
	want := []string{
		"{s}:open", "{s}:event:5-1", "{s}:key:a b", "{s}:status", "{s}:dead", "{s}:refused", "{s}:pause", "{s}:queues", "{s}:complete",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
