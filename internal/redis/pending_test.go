package redis

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

func testRestart(t *testing.T, p *place) {
	first, second := p.add(t, "n", "1"), p.add(t, "n", "2")
	for _, e := range read(t, p.source(), 2) {
		if e.Redelivered {
			t.Errorf("%v is new, yet Redelivered", e.ID)
		}
	}
	third := p.add(t, "n", "3")
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

func testErrorRereads(t *testing.T, p *place) {
	id := p.add(t, "n", "1")
	s := p.source()
	read(t, s, 1)
	p.do(t, "RENAME", stream, "aside")
	p.do(t, "SET", stream, "no stream")
	if _, err := s.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "redis "+p.addr+": reading "+stream) {
		t.Fatalf("error %v", err)
	}
	p.do(t, "DEL", stream)
	p.do(t, "RENAME", "aside", stream)
	got := read(t, s, 1)
	if diff := cmp.Diff([]worker.Entry{{ID: id, Fields: map[string]string{"n": "1"}, Redelivered: true}}, got); diff != "" {
		t.Error(diff)
	}
}

// testGhost: the read of a process that is gone took an entry under our name, after our own pending list was read.
func testGhost(t *testing.T, p *place) {
	s := p.source()
	s.opts.Recheck = 0
	first := p.add(t, "n", "1")
	read(t, s, 1)
	ghost := p.add(t, "n", "2")
	p.do(t, "XREADGROUP", "GROUP", group, consumer, "STREAMS", stream, ">")
	last := p.add(t, "n", "3")
	got := read(t, s, 2)
	want := []worker.Entry{
		{ID: ghost, Fields: map[string]string{"n": "2"}, Redelivered: true}, {ID: last, Fields: map[string]string{"n": "3"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	nothing(t, s)
	if !s.returned.has(first) || len(s.returned) != 3 {
		t.Errorf("it remembers %v", s.returned)
	}
}

// testGhostGoesFirst: no newer entry is returned before it, not even once.
func testGhostGoesFirst(t *testing.T, p *place) {
	s := p.source()
	read(t, s, p.addN(t, 3))
	ghosts := []string{p.add(t, "n", "1").String(), p.add(t, "n", "2").String()}
	p.do(t, "XREADGROUP", "GROUP", group, consumer, "STREAMS", stream, ">")
	want := append(slices.Clone(ghosts), p.add(t, "n", "3").String(), p.add(t, "n", "4").String())
	if diff := cmp.Diff(want, ids(read(t, s, 4))); diff != "" {
		t.Error(diff)
	}
	nothing(t, s)
}

// testStolenGoesFirst: were a newer entry taken in first, the mark would pass what was stolen.
func testStolenGoesFirst(t *testing.T, p *place) {
	s := p.source()
	read(t, s, p.addN(t, 3))
	stolen := p.add(t, "n", "1").String()
	p.do(t, "XREADGROUP", "GROUP", group, "by hand", "STREAMS", stream, ">")
	want := []string{stolen, p.add(t, "n", "2").String()}
	if diff := cmp.Diff(want, ids(read(t, s, 2))); diff != "" {
		t.Error(diff)
	}
	nothing(t, s)
}

// testRestsAfterSuspicious: an entry that comes for the third time without a record may have ended two processes.
func testRestsAfterSuspicious(t *testing.T, p *place) {
	j := p.begun(t)
	for _, deal := range []func(event.ID) worker.Write{
		func(id event.ID) worker.Write { return worker.Reject{ID: id, Code: "c", At: at} },
		func(id event.ID) worker.Write {
			return worker.Accept{Event: event.Event{EventID: id, Type: event.ScaleUp, PodCount: 1}, At: at}
		},
	} {
		bad := p.add(t, "n", "0")
		read(t, p.source(), 1)
		for range 2 { // two more processes read it and end
			read(t, newPlace(t, p.addr).source(), 1)
		}
		s := newPlace(t, p.addr).source()
		if got := read(t, s, 1); got[0].ID != bad {
			t.Fatalf("read %v", ids(got))
		}
		small := p.add(t, "n", "1")
		nothing(t, s)
		if err := j.Commit(t.Context(), []worker.Write{deal(bad), worker.Ack{ID: bad}}); err != nil {
			t.Fatal(err)
		}
		if got := read(t, s, 1); got[0].ID != small {
			t.Errorf("read %v", ids(got))
		}
		p.do(t, "XACK", stream, group, small.String())
	}
	bad := p.add(t, "n", "0")
	read(t, p.source(), 1)
	for range 2 {
		read(t, newPlace(t, p.addr).source(), 1)
	}
	small := p.add(t, "n", "1")
	s := newPlace(t, p.addr).source()
	s.patience = time.Millisecond // nobody deals with it
	if got := read(t, s, 2); got[0].ID != bad || got[1].ID != small {
		t.Errorf("read %v", ids(got))
	}
}

// testInherited: together they may be what ended the process before, however small the first of them are.
func testInherited(t *testing.T, p *place) {
	read(t, p.source(), p.addN(t, 20))
	process := newPlace(t, p.addr)
	s, later := process.source(), process.source()
	for i := range 20 {
		if got, err := s.Read(t.Context()); err != nil || len(got) != 1 {
			t.Fatalf("read %d returned %v, %v", i, ids(got), err)
		}
	}
	nothing(t, s)
	most := 0 // in a later term it is known that they end nobody
	for n := 0; n < 20; {
		got, err := later.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n, most = n+len(got), max(most, len(got))
	}
	if most < 2 {
		t.Error("a later term reads them one at a time too")
	}
}

func testForgets(t *testing.T, p *place) {
	s := p.source()
	s.opts.Recheck = 0
	for range 5 {
		p.add(t, "a", "b")
	}
	got := read(t, s, 5)
	for _, e := range got[1:] {
		p.do(t, "XACK", stream, group, e.ID.String())
	}
	nothing(t, s)
	if diff := cmp.Diff(idSet{got[0].ID}, s.returned); diff != "" {
		t.Error(diff)
	}
}

func testPendingPages(t *testing.T, p *place) {
	const n = 2*pendingPage + 5
	pipe := p.raw.Pipeline()
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
