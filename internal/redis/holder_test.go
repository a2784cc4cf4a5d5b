package redis

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

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
			want.KeyOwner, want.KeyHash = theID, "abc"
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
		if !e.KeyOwner.IsZero() || e.KeyHash != "" {
			t.Errorf("key %q is held by %v %q", e.Fields["idempotency_key"], e.KeyOwner, e.KeyHash)
		}
		if !strings.Contains(p.logged.String(), "event_id="+e.ID.String()) {
			t.Errorf("nothing was logged about key %q", e.Fields["idempotency_key"])
		}
	}
}
