package stream

import (
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// testSuspiciousPauses: an entry that is delivered for the third time without a record may have crashed two processes;
// reading pauses until it is rejected or recorded.
func testSuspiciousPauses(t *testing.T, p *process) {
	j := p.journal(t)
	for _, deal := range []func(event.ID) worker.Write{
		func(id event.ID) worker.Write { return worker.Reject{ID: id, Code: "c", At: at} },
		func(id event.ID) worker.Write {
			return worker.Accept{Event: event.Event{EventID: id, Type: event.ScaleUp, PodCount: 1}, At: at}
		},
	} {
		bad := p.Add(t, "n", "0")
		read(t, p.source(), 1)
		for range 2 { // two more processes read it and crash
			read(t, connect(t, p.Addr).source(), 1)
		}
		s := connect(t, p.Addr).source()
		if got := read(t, s, 1); got[0].ID != bad {
			t.Fatalf("read %v", ids(got))
		}
		small := p.Add(t, "n", "1")
		nothing(t, s)
		if err := j.Commit(t.Context(), []worker.Write{deal(bad), worker.Ack{ID: bad}}); err != nil {
			t.Fatal(err)
		}
		if got := read(t, s, 1); got[0].ID != small {
			t.Errorf("read %v", ids(got))
		}
		p.Do(t, "XACK", stream, group, small.String())
	}
	bad := p.Add(t, "n", "0")
	read(t, p.source(), 1)
	for range 2 {
		read(t, connect(t, p.Addr).source(), 1)
	}
	small := p.Add(t, "n", "1")
	s := connect(t, p.Addr).source()
	s.guardLimit = time.Millisecond // it is never dealt with
	if got := read(t, s, 2); got[0].ID != bad || got[1].ID != small {
		t.Errorf("read %v", ids(got))
	}
}

// testInherited: together the entries may be what crashed the process before, however small the first of them are.
func testInherited(t *testing.T, p *process) {
	read(t, p.source(), p.AddN(t, 20))
	next := connect(t, p.Addr)
	s, later := next.source(), next.source()
	for i := range 20 {
		if got, err := s.Read(t.Context()); err != nil || len(got) != 1 {
			t.Fatalf("read %d returned %v, %v", i, ids(got), err)
		}
	}
	nothing(t, s)
	most := 0 // a later term knows that they are harmless
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
