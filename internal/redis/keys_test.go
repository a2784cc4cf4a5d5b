package redis

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

func TestKeys(t *testing.T) {
	cases := map[string]string{ // the mark's key
		"otto:scale:events":   "{otto:scale:events}:mark",
		"{tenant}:events":     "{tenant}:events:mark",
		"a{b}c":               "a{b}c:mark",
		"open{only":           "{open{only}:mark",
		"{}empty:is:no:tag":   "{{}empty:is:no:tag}:mark",
		"closed}before{opens": "{closed}before{opens}:mark",
	}
	for name, want := range cases {
		if got := NewKeys(name).Mark(); got != want {
			t.Errorf("stream %q: mark at %q, want %q", name, got, want)
		}
	}
	k := NewKeys("s")
	got := []string{k.Open(), k.Event(event.ID{Ms: 5, Seq: 1}), k.Idempotency("a b"), k.Status(), k.Dead()}
	want := []string{"{s}:open", "{s}:event:5-1", "{s}:key:a b", "{s}:status", "{s}:dead"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestIDSetStaysSorted(t *testing.T) {
	var s idSet
	for _, ms := range []uint64{5, 9, 7, 5, 1} {
		s.add(event.ID{Ms: ms})
	}
	if diff := cmp.Diff(idSet{{Ms: 1}, {Ms: 5}, {Ms: 7}, {Ms: 9}}, s); diff != "" {
		t.Error(diff)
	}
	if !s.has(event.ID{Ms: 7}) || s.has(event.ID{Ms: 7, Seq: 1}) {
		t.Error("has is wrong about 7-0 or 7-1")
	}
}
