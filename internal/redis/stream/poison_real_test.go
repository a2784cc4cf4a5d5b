//go:build real

package stream

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
)

// deliveries is the count of the one pending entry.
func deliveries(t *testing.T, p *process, id event.ID) int64 {
	t.Helper()
	page, err := p.source().pendingPage(t.Context(), id, id, 1)
	if err != nil || len(page) != 1 {
		t.Fatalf("pending %v, %v", page, err)
	}
	return page[0].deliveries
}

// fails reads once, which must fail.
func fails(t *testing.T, s *Source) {
	t.Helper()
	if entries, err := s.Read(t.Context()); err == nil {
		t.Fatalf("read %v without a reply", ids(entries))
	}
}

// breakReplies breaks the connection after some bytes of each reply to a command.
func breakReplies(proxy *redistest.Proxy, command string, after int) {
	proxy.Replies(func(c string, _ []byte) redistest.Reply { return redistest.Reply{Break: c == command, Keep: after} })
}

// TestLivesWithoutAReplyAreNoPoison: processes start, ask for a pending entry and end before any of its fields has come: Redis
// or the network is what is broken. Only those that began to read it count.
func TestLivesWithoutAReplyAreNoPoison(t *testing.T) {
	p := onRedis(t)
	proxy := redistest.NewProxy(t, p.Addr)
	id := p.Add(t, "type", "scale_up")
	read(t, p.source(), 1)
	header := len("*1\r\n*2\r\n$") + len(id.String())
	for _, after := range []int{0, 1, 5, header, header + 3, 0, 0} {
		breakReplies(proxy, "XRANGE", after)
		fails(t, connect(t, proxy.Addr).source())
	}
	if n := deliveries(t, p, id); n != 1 {
		t.Errorf("%d deliveries, want that of the first read", n)
	}
	proxy.Pass()
	for range 4 {
		if got := read(t, connect(t, proxy.Addr).source(), 1); got[0].Poisonous {
			t.Fatal("too early")
		}
	}
	if got := read(t, connect(t, proxy.Addr).source(), 1); !got[0].Poisonous {
		t.Errorf("after five processes that read it: %+v", got)
	}
}

// TestHalfAnEntryCounts: the process that dies of an entry dies before it has all of it.
func TestHalfAnEntryCounts(t *testing.T) {
	p := onRedis(t)
	proxy := redistest.NewProxy(t, p.Addr)
	id := p.Add(t, "type", "scale_up")
	read(t, p.source(), 1)
	s := connect(t, proxy.Addr).source()
	breakReplies(proxy, "XRANGE", len("*1\r\n*2\r\n$3\r\n\r\n*2\r\n$4\r\nt")+len(id.String()))
	fails(t, s)
	if n := deliveries(t, p, id); n != 2 {
		t.Errorf("%d deliveries, want 2", n)
	}
	fails(t, s)
	proxy.Pass()
	read(t, s, 1)
	if n := deliveries(t, p, id); n != 2 {
		t.Errorf("%d deliveries after more reads of the same process, want 2", n)
	}
}

// TestLostCountIsRaisedOnce: a process does not know whether its count was written, and tries again.
func TestLostCountIsRaisedOnce(t *testing.T) {
	p := onRedis(t)
	proxy := redistest.NewProxy(t, p.Addr)
	id := p.Add(t, "type", "scale_up")
	read(t, p.source(), 1)
	for range 3 {
		read(t, connect(t, p.Addr).source(), 1)
	}
	s := connect(t, proxy.Addr).source()
	breakReplies(proxy, "XCLAIM", 0)
	for range 3 {
		fails(t, s)
	}
	proxy.Pass()
	if got := read(t, s, 1); got[0].Poisonous || deliveries(t, p, id) != 5 {
		t.Errorf("read %+v after %d deliveries, want it for the fifth time", got, deliveries(t, p, id))
	}
}
