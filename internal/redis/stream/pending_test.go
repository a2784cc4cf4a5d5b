package stream

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func testRestart(t *testing.T, p *process) {
	first, second := p.Add(t, "n", "1"), p.Add(t, "n", "2")
	for _, e := range read(t, p.source(), 2) {
		if e.Redelivered {
			t.Errorf("%v is new, yet Redelivered", e.ID)
		}
	}
	third := p.Add(t, "n", "3")
	got := read(t, p.source(), 3)
	want := []worker.Entry{
		{ID: first, Fields: map[string]string{"n": "1"}, Redelivered: true},
		{ID: second, Fields: map[string]string{"n": "2"}, Redelivered: true},
		{ID: third, Fields: map[string]string{"n": "3"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func testErrorRereads(t *testing.T, p *process) {
	id := p.Add(t, "n", "1")
	s := p.source()
	read(t, s, 1)
	p.Do(t, "RENAME", stream, "aside")
	p.Do(t, "SET", stream, "no stream")
	if _, err := s.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "redis "+p.Addr+": reading "+stream) {
		t.Fatalf("error %v", err)
	}
	p.Do(t, "DEL", stream)
	p.Do(t, "RENAME", "aside", stream)
	got := read(t, s, 1)
	if diff := cmp.Diff([]worker.Entry{{ID: id, Fields: map[string]string{"n": "1"}, Redelivered: true}}, got); diff != "" {
		t.Error(diff)
	}
}

// testUnanswered: a late read of a dead process got an entry under our consumer name, after the pending list was read.
func testUnanswered(t *testing.T, p *process) {
	s := p.source()
	s.opts.Recheck = 0
	first := p.Add(t, "n", "1")
	read(t, s, 1)
	unanswered := p.Add(t, "n", "2")
	p.Do(t, "XREADGROUP", "GROUP", group, consumer, "STREAMS", stream, ">")
	last := p.Add(t, "n", "3")
	got := read(t, s, 2)
	want := []worker.Entry{
		{ID: unanswered, Fields: map[string]string{"n": "2"}, Redelivered: true}, {ID: last, Fields: map[string]string{"n": "3"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	nothing(t, s)
	if !s.returned.has(first) || len(s.returned) != 3 {
		t.Errorf("it remembers %v", s.returned)
	}
}

// testUnansweredGoesFirst: no newer entry is returned before it.
func testUnansweredGoesFirst(t *testing.T, p *process) {
	s := p.source()
	read(t, s, p.AddN(t, 3))
	unanswered := []string{p.Add(t, "n", "1").String(), p.Add(t, "n", "2").String()}
	p.Do(t, "XREADGROUP", "GROUP", group, consumer, "STREAMS", stream, ">")
	want := append(slices.Clone(unanswered), p.Add(t, "n", "3").String(), p.Add(t, "n", "4").String())
	if diff := cmp.Diff(want, ids(read(t, s, 4))); diff != "" {
		t.Error(diff)
	}
	nothing(t, s)
}

// testOtherConsumerGoesFirst: were a newer entry accepted first, the last accepted ID would pass what the other read.
func testOtherConsumerGoesFirst(t *testing.T, p *process) {
	s := p.source()
	read(t, s, p.AddN(t, 3))
	other := p.Add(t, "n", "1").String()
	p.Do(t, "XREADGROUP", "GROUP", group, "by hand", "STREAMS", stream, ">")
	want := []string{other, p.Add(t, "n", "2").String()}
	if diff := cmp.Diff(want, ids(read(t, s, 2))); diff != "" {
		t.Error(diff)
	}
	nothing(t, s)
}

func testForgets(t *testing.T, p *process) {
	s := p.source()
	s.opts.Recheck = 0
	for range 5 {
		p.Add(t, "a", "b")
	}
	got := read(t, s, 5)
	for _, e := range got[1:] {
		p.Do(t, "XACK", stream, group, e.ID.String())
	}
	nothing(t, s)
	if diff := cmp.Diff(idSet{got[0].ID}, s.returned); diff != "" {
		t.Error(diff)
	}
}

func testPendingPages(t *testing.T, p *process) {
	const n = 2*pendingPage + 5
	pipe := p.Raw.Pipeline()
	for i := range n {
		pipe.Do(t.Context(), "XADD", stream, fmt.Sprintf("7-%d", i+1), "n", "1")
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	read(t, p.source(), n)
	s := p.source()
	s.opts.Recheck = time.Nanosecond // every read compares
	got := read(t, s, n)
	nothing(t, s)
	for i, e := range got {
		if want := (event.ID{Ms: 7, Seq: uint64(i) + 1}); e.ID != want || !e.Redelivered {
			t.Fatalf("entry %d is %v, want %v", i, e.ID, want)
		}
	}
	if len(s.returned) != n {
		t.Errorf("it remembers %d of %d", len(s.returned), n)
	}
}
