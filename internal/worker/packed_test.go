package worker

import (
	"maps"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
)

// TestPackedEventSize: a hundred thousand events may wait, at 150 bytes each.
func TestPackedEventSize(t *testing.T) {
	const n, limit = 100_000, 150
	set := testSettings()
	set.MaxWorkers, set.MaxWaiting = 1, n
	s, now := newState(set), time.Unix(1_756_659_802, 0)
	s.step(now, loaded{})
	s.step(now, observed{complete: true})
	before := heapSize()
	for i := range n {
		id := event.ID{Ms: uint64(now.UnixMilli()), Seq: uint64(i)}
		s.step(now, entries{[]Entry{{ID: id, Fields: map[string]string{"type": "scale_up", "pod_count": "1", "task_id": "task-123"}}}})
		s.step(now, written{len(s.uncommitted)})
	}
	if each := (heapSize() - before) / n; each > limit {
		t.Errorf("a waiting event takes %d bytes: at most %d", each, limit)
	}
	runtime.KeepAlive(s)
}

func heapSize() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestPackRoundTrip: a packed event unpacks to the same event.
func TestPackRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.MapOfN(rapid.StringN(1, 20, 60), rapid.StringN(0, 50, 200), 0, 8).Draw(t, "metadata")
		maps.Copy(f, eventtest.Fields("task_id", rapid.StringMatching(`[a-zé:0-9]{0,20}`).Draw(t, "task")))
		ev, bad := event.Decode(event.ID{Ms: 5}, f, eventtest.Rules())
		if bad != nil {
			t.Skip(bad.Reason)
		}
		if got := unpack(pack(f)); !maps.Equal(got, f) {
			t.Fatalf("unpacked %q, want %q", got, f)
		}
		again, bad := event.Recall(ev.EventID, ev.Fields(), 1000)
		if bad != nil || again.Hash() != ev.Hash() || !again.Timestamp.Equal(ev.Timestamp) {
			t.Fatalf("recalled as %+v, %v; want %+v", again, bad, ev)
		}
	})
}

// TestPackedEvents: they are sorted whatever the order they are added in, and removed from any position.
func TestPackedEvents(t *testing.T) {
	var q packedEvents
	for _, ms := range []uint64{4, 2, 8, 6, 1} {
		q.add(packedAt(ms))
	}
	ids := func() (ms []uint64) {
		for _, p := range q {
			ms = append(ms, p.id.Ms)
		}
		return ms
	}
	if diff := cmp.Diff([]uint64{1, 2, 4, 6, 8}, ids()); diff != "" {
		t.Fatalf("added (-want +got):\n%s", diff)
	}
	for ms, want := range map[uint64]bool{1: true, 4: true, 8: true, 0: false, 5: false, 9: false} {
		if i, ok := q.find(event.ID{Ms: ms}); ok != want || ok && q[i].id.Ms != ms {
			t.Errorf("find %d: %v at %d, want %v", ms, ok, i, want)
		}
	}
	for _, i := range []int{0, 1, 2} { // the first, one in the middle, the last
		want := q[i].id
		if p := q.remove(i); p.id != want {
			t.Errorf("removed %v at %d, want %v", p.id, i, want)
		}
	}
	if diff := cmp.Diff([]uint64{2, 6}, ids()); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
}

// TestPackEvent: the template is kept by the queue, the type is known; everything else is packed.
func TestPackEvent(t *testing.T) {
	ev, bad := event.Decode(event.ID{Ms: 5}, eventtest.Fields("template", "big", "task_id", "t", "branch", "main"), eventtest.Rules())
	if bad != nil {
		t.Fatal(bad.Reason)
	}
	p := packEvent(newEvent(ev, time.UnixMilli(7)))
	if diff := cmp.Diff(ev, p.event("big")); diff != "" {
		t.Errorf("unpacked (-want +got):\n%s", diff)
	}
	if p.acceptedMs != 7 || p.slots != 3 || !p.mayBeOfTask("t") || p.mayBeOfTask("other-task") {
		t.Errorf("packed as %+v", p)
	}
}
