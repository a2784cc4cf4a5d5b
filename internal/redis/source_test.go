package redis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestSource(t *testing.T) { testSource(t, mini) }

// testSource runs against any Redis: start gives a fresh one.
func testSource(t *testing.T, start func(*testing.T) *place) {
	tests := map[string]func(*testing.T, *place){
		"a group without a mark begins at 0":            testGroupAtZero,
		"a group that vanished begins at the mark":      testGroupAtMark,
		"a stream that vanished comes back":             testStreamGone,
		"another stream in its place":                   testStreamReplaced,
		"a group that was set back":                     testGroupSetBack,
		"what is pending comes first after a restart":   testRestart,
		"an error brings back what is pending":          testErrorRereads,
		"what somebody else's read left is found":       testGhost,
		"what somebody else's read left goes first":     testGhostGoesFirst,
		"what another consumer took goes first":         testStolenGoesFirst,
		"what may have ended us is dealt with first":    testRestsAfterSuspicious,
		"a huge entry is not taken in as a whole":       testHuge,
		"what a dead process left comes one at a time":  testInherited,
		"an acknowledged entry is forgotten":            testForgets,
		"holders of idempotency keys":                   testHolders,
		"a lookup that fails the read":                  testLookupFails,
		"a holder no Journal wrote is nobody":           testBadHolder,
		"ctx that ended reads nothing":                  testEndedContext,
		"of a repeated field the last counts":           testRepeatedField,
		"pages of pending entries are complete, sorted": testPendingPages,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

// read reads n entries, in as many reads as it takes.
func read(t *testing.T, s *Source, n int) []worker.Entry {
	t.Helper()
	var all []worker.Entry
	for range 200 {
		entries, err := s.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, entries...); len(all) >= n {
			return all
		}
	}
	t.Fatalf("only %d entries came, want %d", len(all), n)
	return nil
}

func nothing(t *testing.T, s *Source) {
	t.Helper()
	for range 2 {
		if entries, err := s.Read(t.Context()); err != nil || len(entries) != 0 {
			t.Fatalf("read %v, %v; want nothing", ids(entries), err)
		}
	}
}

func testGroupAtZero(t *testing.T, p *place) {
	id := p.add(t, "a", "b") // before anybody made a group
	got := read(t, p.source(), 1)
	want := []worker.Entry{{ID: id, Fields: map[string]string{"a": "b"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func testGroupAtMark(t *testing.T, p *place) {
	old := p.add(t, "n", "old")
	s := p.source()
	read(t, s, 1)
	p.do(t, "SET", keysOf.Mark(), old.String())
	p.do(t, "XGROUP", "DESTROY", stream, group)
	fresh := p.add(t, "n", "new")
	if diff := cmp.Diff([]string{fresh.String()}, ids(read(t, s, 1))); diff != "" {
		t.Error(diff)
	}
	nothing(t, s)
}

// testStreamGone: the new stream is for a new term.
func testStreamGone(t *testing.T, p *place) {
	s := p.source()
	first := p.add(t, "n", "1")
	read(t, s, 1)
	p.do(t, "SET", keysOf.Mark(), first.String())
	p.do(t, "DEL", stream)
	for range 2 {
		if entries, err := s.Read(t.Context()); !errors.Is(err, worker.ErrStartOver) {
			t.Fatalf("read %v, %v", ids(entries), err)
		}
	}
	begin(t, p.journal())
	p.do(t, "XADD", stream, "4-1", "n", "2") // from below the mark
	if diff := cmp.Diff([]string{"4-1"}, ids(read(t, p.source(), 1))); diff != "" {
		t.Error(diff)
	}
}

// testStreamReplaced: another stream stands in its place, with a group of our name, and the next look at the pending
// list finds it out.
func testStreamReplaced(t *testing.T, p *place) {
	s := p.source()
	first := p.add(t, "n", "1")
	read(t, s, 1)
	p.do(t, "SET", keysOf.Mark(), first.String())
	nothing(t, s)
	p.do(t, "XADD", "other", "4-1", "a", "b")
	p.do(t, "XGROUP", "CREATE", "other", group, "$")
	p.do(t, "RENAME", "other", stream)
	nothing(t, s) // not before it is time
	s.nextCheck = time.Time{}
	if entries, err := s.Read(t.Context()); !errors.Is(err, worker.ErrStartOver) {
		t.Errorf("read %v, %v", ids(entries), err)
	}
}

// testGroupSetBack: that the group stands below the mark says nothing yet.
func testGroupSetBack(t *testing.T, p *place) {
	s := p.source()
	first := p.add(t, "n", "1")
	read(t, s, 1)
	p.do(t, "SET", keysOf.Mark(), first.String())
	p.do(t, "XACK", stream, group, first.String())
	p.do(t, "XGROUP", "DESTROY", stream, group)
	p.do(t, "XGROUP", "CREATE", stream, group, "0")
	s.nextCheck = time.Time{}
	if got := read(t, s, 1); got[0].ID != first {
		t.Errorf("read %v", ids(got))
	}
}

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
	for _, deal := range []func(worker.ID) worker.Write{
		func(id worker.ID) worker.Write { return worker.Reject{ID: id, Code: "c", At: at} },
		func(id worker.ID) worker.Write {
			return worker.Accept{Event: worker.Event{EventID: id, Type: worker.ScaleUp, PodCount: 1}, At: at}
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

// testHuge: the same comes out of a read of new entries and of pending ones, by each way these are read.
func testHuge(t *testing.T, p *place) {
	value := strings.Repeat("x", 2*worker.MaxEntryBytes)
	id := p.add(t, "type", "scale_up", "blob", value, "task_id", "t")
	sum := sha256.Sum256([]byte("4:type8:scale_up4:blob131072:" + value + "7:task_id1:t"))
	want := worker.Entry{
		ID: id, Fields: map[string]string{"type": "scale_up", "task_id": "t"},
		Size: worker.Size{Fields: 3, Bytes: 4 + 8 + 4 + len(value) + 7 + 1, Sum: hex.EncodeToString(sum[:])},
	}
	again := p.source()
	for _, s := range []*Source{p.source(), again, newPlace(t, p.addr).source()} {
		if diff := cmp.Diff([]worker.Entry{want}, read(t, s, 1)); diff != "" {
			t.Error(diff)
		}
		want.Redelivered = true
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

func testHolders(t *testing.T, p *place) {
	long := strings.Repeat("k", maxIdempotencyKey+1)
	p.do(t, "SET", keysOf.Idempotency("held"), "5-1 abc")
	p.do(t, "SET", keysOf.Idempotency(long), "5-1 abc")
	for _, key := range []string{"held", "free", "", long} {
		p.add(t, "idempotency_key", key)
	}
	for _, e := range read(t, p.source(), 4) {
		want := worker.Entry{ID: e.ID, Fields: e.Fields}
		if e.Fields["idempotency_key"] == "held" {
			want.Holder, want.HolderHash = theID, "abc"
		}
		if diff := cmp.Diff(want, e); diff != "" {
			t.Error(diff)
		}
	}
}

// testLookupFails: the commands' connections are gone, the read's is not.
func testLookupFails(t *testing.T, p *place) {
	s := p.source()
	nothing(t, s)
	id := p.add(t, "idempotency_key", "k")
	good := s.client.commands
	s.client.commands = (Options{Addr: "127.0.0.1:1"}).open(nil, 1)
	if entries, err := s.Read(t.Context()); err == nil || len(entries) > 0 {
		t.Fatalf("read %v, %v", ids(entries), err)
	}
	_ = s.client.commands.Close()
	s.client.commands = good
	if got := read(t, s, 1); got[0].ID != id || !got[0].Redelivered {
		t.Errorf("read %+v", got[0])
	}
}

func testBadHolder(t *testing.T, p *place) {
	p.do(t, "SADD", keysOf.Idempotency("set"), "x")
	for key, value := range map[string]string{"no id": "rubbish", "no hash": "5-1", "long": "5-1 " + strings.Repeat("h", 200)} {
		p.do(t, "SET", keysOf.Idempotency(key), value)
	}
	for _, key := range []string{"set", "no id", "no hash", "long"} {
		p.add(t, "idempotency_key", key)
	}
	for _, e := range read(t, p.source(), 4) {
		if !e.Holder.IsZero() || e.HolderHash != "" {
			t.Errorf("key %q is held by %v %q", e.Fields["idempotency_key"], e.Holder, e.HolderHash)
		}
		if !strings.Contains(p.logged.String(), "event_id="+e.ID.String()) {
			t.Errorf("nothing was logged about key %q", e.Fields["idempotency_key"])
		}
	}
}

func testEndedContext(t *testing.T, p *place) {
	p.add(t, "a", "b")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.source().Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if groups := p.raw.XInfoGroups(t.Context(), stream).Val(); len(groups) > 0 {
		t.Errorf("it made the groups %v", groups)
	}
}

func testRepeatedField(t *testing.T, p *place) {
	p.add(t, "pod_count", "1", "pod_count", "2")
	if got := read(t, p.source(), 1)[0].Fields["pod_count"]; got != "2" {
		t.Errorf("pod_count is %q", got)
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
		if want := (worker.ID{Ms: 7, Seq: uint64(i) + 1}); e.ID != want || !e.Redelivered {
			t.Fatalf("entry %d is %v, want %v", i, e.ID, want)
		}
	}
	if len(s.returned) != n {
		t.Errorf("it remembers %d of %d", len(s.returned), n)
	}
}
