package worker

import (
	"maps"
	"runtime"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/event/eventtest"
	"pgregory.net/rapid"
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
