package queue

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// waitingEntry is the i-th plain event: its fields are those that every one has.
func waitingEntry(i int) Entry {
	task := fmt.Sprintf("task-%06d", i)
	return Entry{
		ID: event.ID{Ms: uint64(began.UnixMilli()) + uint64(i)}, Queue: "default", Task: task,
		AcceptedAt: began.Add(time.Duration(i) * time.Millisecond), Slots: 1,
		Fields: map[string]string{"type": "scale_up", "pod_count": "1", "task_id": task},
	}
}

// TestMemory: a hundred thousand plain events wait in at most 150 bytes each, heaps, lists and indexes included.
func TestMemory(t *testing.T) {
	const n = 100_000
	for _, queues := range []int{1, 100} {
		before := heapInUse()
		s := New(Limits{Create: 32}, policy(nil, nil))
		for i := range n {
			e := waitingEntry(i)
			e.Queue = fmt.Sprint("queue-", i%queues)
			s.Add(e)
		}
		each := float64(heapInUse()-before) / n
		if t.Logf("%d queues: %.1f bytes an event", queues, each); each > 150 {
			t.Errorf("%d queues: %.1f bytes an event", queues, each)
		}
		runtime.KeepAlive(s)
	}
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestLookups: events are found by ID, by task and by queue, packed or not, until they are removed.
func TestLookups(t *testing.T) {
	s := New(Limits{Create: 8}, policy(nil, nil))
	add := func(ms uint64, queue, task string, packed bool) Ref {
		e := Entry{ID: event.ID{Ms: ms}, Queue: queue, Task: task, AcceptedAt: began, Slots: 1}
		if packed {
			e.Fields = map[string]string{"task_id": task, "branch": "main"}
			if task == "" {
				delete(e.Fields, "task_id")
			}
		}
		return s.Add(e)
	}
	one := add(1, "web", "build", true)
	three := add(3, "web", "build", true)
	tracked := add(5, "web", "build", false)
	two := add(2, "web", "test", true) // it comes late
	other := add(4, "ml", "build", true)
	none := add(6, "web", "", true)

	expect := func(what string, got []Ref, want ...Ref) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	ofTask := func(queue, task string) []Ref { return slices.Collect(s.OfTask(queue, task)) }
	waiting := func(queue string) []Ref { return slices.Collect(s.Waiting(queue)) }

	expect("task", ofTask("web", "build"), one, three, tracked)
	expect("task of another queue", ofTask("ml", "build"), other)
	expect("no task", ofTask("web", ""))
	expect("waiting", waiting("web"), none, three, two, one)
	expect("waiting in no queue", waiting("nobody's"))

	if diff := cmp.Diff(map[string]string{"task_id": "build", "branch": "main"}, s.Fields(three)); diff != "" || !s.Packed(three) {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"task_id": "build", "branch": "main"}, s.Unpack(three)); diff != "" || s.Packed(three) {
		t.Error(diff)
	}
	expect("task, one unpacked", ofTask("web", "build"), one, three, tracked)
	expect("waiting, one unpacked", waiting("web"), none, two, one)
	for r := range s.Waiting("web") { // the one at hand may go
		s.Remove(r)
	}
	expect("waiting, all removed", waiting("web"))
	expect("task, one removed", ofTask("web", "build"), three, tracked)
	if s.Find(event.ID{Ms: 3}) != three || s.Event(three) != (event.ID{Ms: 3}) || s.Find(event.ID{Ms: 1}) != 0 || s.Find(event.ID{Ms: 9}) != 0 {
		t.Error("an event is not found by its ID, or after its end")
	}
	if !s.AcceptedAt(three).Equal(began) || s.Slots(three) != 1 || s.Len() != 3 {
		t.Errorf("accepted at %v, %d slots, %d wait", s.AcceptedAt(three), s.Slots(three), s.Len())
	}
}

// TestIndexes: a hundred thousand events are found whatever the order in which they come and go.
func TestIndexes(t *testing.T) {
	s := New(Limits{Create: 8}, policy(nil, nil))
	const n = 20_000
	refs := make([]Ref, n)
	for i := range n {
		e := waitingEntry(i)
		if i%2 == 0 {
			e.Task = "same"
			e.Fields["task_id"] = "same"
		}
		refs[i] = s.Add(e)
	}
	if got := len(slices.Collect(s.OfTask("default", "same"))); got != n/2 {
		t.Fatalf("%d events of a task, want %d", got, n/2)
	}
	for i := 0; i < n; i += 3 {
		s.Remove(refs[i])
	}
	for i := range n {
		want := refs[i]
		if i%3 == 0 {
			want = 0
		}
		if got := s.Find(waitingEntry(i).ID); got != want {
			t.Fatalf("event %d: found %d, want %d", i, got, want)
		}
	}
	if got := len(slices.Collect(s.OfTask("default", "same"))); got != n/2-n/6-1 {
		t.Errorf("%d events of a task are left", got)
	}
}

// TestNameSets: fields come out as they went in, and a set of names that no event has is forgotten.
func TestNameSets(t *testing.T) {
	n := newNameSets()
	sets := []map[string]string{
		{}, {"a": ""}, {"a": "1", "b": "2"}, {"ab": "1"}, {"a": "x", "b": string(make([]byte, 300))}, {"\x00": "\xff"}, {"": "empty"},
	}
	var packed []string
	for _, fields := range sets {
		packed = append(packed, n.pack(fields), n.pack(maps.Clone(fields)))
	}
	for i, fields := range sets {
		for _, p := range packed[2*i : 2*i+2] {
			if diff := cmp.Diff(fields, n.unpack(p)); diff != "" || p == "" {
				t.Errorf("%v: %s", fields, diff)
			}
			if got := n.field(p, "a"); got != fields["a"] {
				t.Errorf("%v: field a is %q", fields, got)
			}
		}
	}
	if len(n.byKey) != 6 {
		t.Errorf("%d sets of names", len(n.byKey))
	}
	for _, p := range packed {
		n.drop(p)
	}
	n.pack(map[string]string{"new": ""})
	if len(n.byKey) != 1 || len(n.sets) != 6 {
		t.Errorf("%d sets are left, in %d rows", len(n.byKey), len(n.sets))
	}
}

// TestHeapShrinks: a lane that had a hundred thousand events does not keep their memory.
func TestHeapShrinks(t *testing.T) {
	at := make([]int32, 10_001)
	h := heap[int]{before: func(a, b int) bool { return a < b }, at: func(i int) *int32 { return &at[i] }}
	for i := range 10_000 {
		h.put(i + 1)
	}
	for h.len() > 10 {
		h.drop(h.top())
	}
	if cap(h.items) >= 2*worthShrinking {
		t.Errorf("a heap of %d has memory for %d", h.len(), cap(h.items))
	}
	auditHeap(t, &h)
}
