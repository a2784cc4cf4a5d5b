package redis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
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
		if entries, err := s.Read(t.Context()); !errors.Is(err, worker.ErrStreamReplaced) {
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
	if entries, err := s.Read(t.Context()); !errors.Is(err, worker.ErrStreamReplaced) {
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

// testHuge: the same comes out of a read of new entries and of pending ones, by each way these are read.
func testHuge(t *testing.T, p *place) {
	value := strings.Repeat("x", 2*event.MaxEntryBytes)
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
