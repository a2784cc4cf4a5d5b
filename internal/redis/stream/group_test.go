package stream

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func testGroupAtZero(t *testing.T, p *process) {
	id := p.Add(t, "a", "b") // before there is a group
	got := read(t, p.source(), 1)
	want := []worker.Entry{{ID: id, Fields: map[string]string{"a": "b"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func testGroupAtLastAccepted(t *testing.T, p *process) {
	old := p.Add(t, "n", "old")
	s := p.source()
	read(t, s, 1)
	p.Do(t, "SET", keysOf.LastAcceptedID(), old.String())
	p.Do(t, "XGROUP", "DESTROY", stream, group)
	fresh := p.Add(t, "n", "new")
	if diff := cmp.Diff([]string{fresh.String()}, ids(read(t, s, 1))); diff != "" {
		t.Error(diff)
	}
	nothing(t, s)
}

// testStreamGone: only a new term reads the new stream.
func testStreamGone(t *testing.T, p *process) {
	s := p.source()
	first := p.Add(t, "n", "1")
	read(t, s, 1)
	p.Do(t, "SET", keysOf.LastAcceptedID(), first.String())
	p.Do(t, "DEL", stream)
	for range 2 {
		if entries, err := s.Read(t.Context()); !errors.Is(err, worker.ErrStreamReplaced) {
			t.Fatalf("read %v, %v", ids(entries), err)
		}
	}
	p.journal(t)
	p.Do(t, "XADD", stream, "4-1", "n", "2") // below the last accepted ID
	if diff := cmp.Diff([]string{"4-1"}, ids(read(t, p.source(), 1))); diff != "" {
		t.Error(diff)
	}
}

// testStreamReplaced: another stream has its name and a group of the same name; the next check of the pending list
// notices it.
func testStreamReplaced(t *testing.T, p *process) {
	s := p.source()
	first := p.Add(t, "n", "1")
	read(t, s, 1)
	p.Do(t, "SET", keysOf.LastAcceptedID(), first.String())
	nothing(t, s)
	p.Do(t, "XADD", "other", "4-1", "a", "b")
	p.Do(t, "XGROUP", "CREATE", "other", group, "$")
	p.Do(t, "RENAME", "other", stream)
	nothing(t, s) // the check is not due
	s.nextCheck = time.Time{}
	if entries, err := s.Read(t.Context()); !errors.Is(err, worker.ErrStreamReplaced) {
		t.Errorf("read %v, %v", ids(entries), err)
	}
}

// testGroupSetBack: a group below the last accepted ID is no proof that the stream was replaced.
func testGroupSetBack(t *testing.T, p *process) {
	s := p.source()
	first := p.Add(t, "n", "1")
	read(t, s, 1)
	p.Do(t, "SET", keysOf.LastAcceptedID(), first.String())
	p.Do(t, "XACK", stream, group, first.String())
	p.Do(t, "XGROUP", "DESTROY", stream, group)
	p.Do(t, "XGROUP", "CREATE", stream, group, "0")
	s.nextCheck = time.Time{}
	if got := read(t, s, 1); got[0].ID != first {
		t.Errorf("read %v", ids(got))
	}
}
