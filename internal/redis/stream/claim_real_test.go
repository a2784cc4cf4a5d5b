//go:build real

package stream

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// TestClaim: entries of several consumers, some of them deleted, come in numeric order. Claiming counts as no delivery,
// and keeps deleted entries on the pending list until they are acknowledged.
func TestClaim(t *testing.T) {
	p := onRedis(t)
	s := p.source()
	nothing(t, s) // what is pending later was not pending at the start: no read of it counts
	var want []worker.Entry
	for i := range 12 {
		id := event.ID{Ms: 7, Seq: uint64(i) + 1}
		p.Do(t, "XADD", stream, id.String(), "n", "1")
		p.Do(t, "XREADGROUP", "GROUP", group, []string{consumer, "by hand", "old name"}[i%3], "COUNT", 1, "STREAMS", stream, ">")
		e := worker.Entry{ID: id, Redelivered: true, Trimmed: i%4 == 1}
		if e.Trimmed {
			p.Do(t, "XDEL", stream, id.String())
		} else {
			e.Fields = map[string]string{"n": "1"}
		}
		want = append(want, e)
	}
	if diff := cmp.Diff(want, read(t, p.source(), 12)); diff != "" {
		t.Error(diff)
	}
	for _, e := range p.Raw.XPendingExt(t.Context(), &goredis.XPendingExtArgs{Stream: stream, Group: group, Start: "-", End: "+", Count: 99}).Val() {
		i := redistest.MustID(t, e.ID).Seq - 1
		if e.RetryCount != 1 || e.Consumer != consumer && !want[i].Trimmed {
			t.Errorf("%+v", e)
		}
	}
	if got := p.Pending(t); got != 12 {
		t.Errorf("%d are pending, want 12", got)
	}
}

// TestClaimHuge: claiming an entry does not load it.
func TestClaimHuge(t *testing.T) {
	p := onRedis(t)
	s := p.source()
	nothing(t, s)
	p.Add(t, "blob", strings.Repeat("x", 16<<20))
	p.Do(t, "XREADGROUP", "GROUP", group, "by hand", "STREAMS", stream, ">")
	page, err := s.pendingPage(t.Context(), event.ID{}, redis.MaxID, 10)
	if err != nil {
		t.Fatal(err)
	}
	if got := redistest.Allocated(func() { err = s.claim(t.Context(), page) }); err != nil || got > 4<<20 {
		t.Errorf("it allocated %d bytes, %v", got, err)
	}
}
