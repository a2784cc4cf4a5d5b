package hub

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeStream is a status stream.
type fakeStream struct {
	mu      sync.Mutex
	entries []inspect.StatusEntry
	last    event.ID
	err     error
	more    chan struct{}
}

func newFakeStream() *fakeStream { return &fakeStream{more: make(chan struct{})} }

func (f *fakeStream) add(ms ...uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range ms {
		f.last = event.ID{Ms: n}
		f.entries = append(f.entries, inspect.StatusEntry{ID: f.last.String(), Fields: map[string]string{"kind": "worker", "event_id": "1-0", "seq": strconv.Itoa(int(n))}})
	}
	close(f.more)
	f.more = make(chan struct{})
}

func (f *fakeStream) trim(n int) { f.change(func() { f.entries = f.entries[n:] }) }

func (f *fakeStream) change(how func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	how()
}

func (f *fakeStream) fail(err error) { f.change(func() { f.err = err }) }

func (f *fakeStream) Bounds(context.Context) (b inspect.Bounds, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if b.Last = f.last; len(f.entries) > 0 {
		b.First, err = event.ParseID(f.entries[0].ID)
	}
	return b, errors.Join(err, f.err)
}

func (f *fakeStream) Next(ctx context.Context, id event.ID) (found []inspect.StatusEntry, err error) {
	found, more, err := f.after(id)
	if len(found) > 0 || err != nil {
		return found, err
	}
	select {
	case <-more:
	case <-ctx.Done():
	case <-time.After(2 * time.Second):
	}
	return nil, nil
}

func (f *fakeStream) after(id event.ID) (found []inspect.StatusEntry, more <-chan struct{}, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.entries {
		if parsed, _ := event.ParseID(e.ID); parsed.Compare(id) > 0 && f.err == nil {
			found = append(found, e)
		}
	}
	return found, f.more, f.err
}

// run is a hub that reads the stream until the test ends.
func run(t *testing.T, f *fakeStream) *Hub {
	t.Helper()
	h := New(Options{Source: f, Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = h.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	synctest.Wait()
	return h
}

// got are the IDs after one, in short.
func got(h *Hub, after uint64) string {
	entries, _, ok := h.Since(event.ID{Ms: after}, 100)
	if !ok {
		return "lost"
	}
	var ids []string
	for _, e := range entries {
		ids = append(ids, strconv.FormatUint(e.ID.Ms, 10))
	}
	return strings.Join(ids, " ")
}

func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeStream()
		f.add(1, 2)
		h := run(t, f)
		f.add(3, 4)
		synctest.Wait()
		f.add(5)
		synctest.Wait()
		for after, want := range map[uint64]string{2: "3 4 5", 4: "5", 5: "", 1: "lost", 6: "lost"} {
			if diff := cmp.Diff(want, got(h, after)); diff != "" {
				t.Errorf("after %d:\n%s", after, diff)
			}
		}
	})
}

// TestOutage: nothing is missed or doubled while Redis is away.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeStream()
		f.add(1)
		h := run(t, f)
		f.add(2)
		synctest.Wait()
		f.fail(errors.New("away"))
		f.add(3)
		time.Sleep(30 * time.Second)
		if h.Err() == nil || got(h, 1) != "2" {
			t.Errorf("err %v, got %q", h.Err(), got(h, 1))
		}
		f.fail(nil)
		time.Sleep(30 * time.Second)
		if h.Err() != nil || got(h, 1) != "2 3" {
			t.Errorf("err %v, got %q", h.Err(), got(h, 1))
		}
	})
}

// TestReset: a hub never shows entries beside a gap.
func TestReset(t *testing.T) {
	for name, change := range map[string]func(f *fakeStream){
		"trimmed while Redis was away": func(f *fakeStream) { f.add(3, 4); f.trim(3) },
		"Redis lost its data":          func(f *fakeStream) { f.change(func() { f.entries, f.last = nil, event.ID{} }) },
		"a failover lost the end":      func(f *fakeStream) { f.change(func() { f.entries, f.last = f.entries[:1], event.ID{Ms: 1} }) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFakeStream()
				f.add(1)
				h := run(t, f)
				f.add(2)
				synctest.Wait()
				f.fail(errors.New("away"))
				time.Sleep(30 * time.Second)
				change(f)
				f.fail(nil)
				time.Sleep(30 * time.Second)
				if got(h, 2) != "lost" {
					t.Errorf("after 2: %q", got(h, 2))
				}
				f.add(9)
				synctest.Wait()
				if last := h.Last(); last.Ms != 9 {
					t.Errorf("last %v", last)
				}
			})
		})
	}
}

func TestWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeStream()
		f.add(1)
		h := run(t, f)
		_, changed, _ := h.Since(event.ID{Ms: 1}, 1)
		f.add(2)
		<-changed
		if got(h, 1) != "2" {
			t.Errorf("got %q", got(h, 1))
		}
	})
}

// TestRingBounds: what is remembered is bounded in number and bytes, and never has a hole.
func TestRingBounds(t *testing.T) {
	for name, size := range map[string]int{"many": 1, "large": maxBytes / 100} {
		t.Run(name, func(t *testing.T) {
			var r ring
			r.reset(event.ID{})
			const n = maxEntries + 1000
			for i := range n {
				r.add([]Entry{{ID: event.ID{Ms: uint64(i + 1)}, JSON: make([]byte, size)}})
			}
			if len(r.entries) > maxEntries || r.bytes > maxBytes || r.bytes != size*len(r.entries) {
				t.Errorf("%d entries, %d bytes", len(r.entries), r.bytes)
			}
			if r.floor.Ms+1 != r.entries[0].ID.Ms || r.last.Ms != n {
				t.Errorf("floor %v, first %v, last %v", r.floor, r.entries[0].ID, r.last)
			}
			if _, ok := r.since(event.ID{Ms: r.floor.Ms - 1}, 1); ok {
				t.Error("what is before the floor is not known")
			}
		})
	}
}

func TestView(t *testing.T) {
	e, ok := NewEntry(inspect.StatusEntry{ID: "5-1", Fields: map[string]string{
		"kind": "worker", "event_id": "1-0", "index": "2", "exit_code": "many", "message": "a\nb\x1b[31m",
	}})
	want := `{"event_id":"1-0","exit_code":"many","id":"5-1","index":2,"kind":"worker","message":"a\nb[31m"}`
	if !ok || string(e.JSON) != want {
		t.Errorf("got %s", e.JSON)
	}
	if _, ok := NewEntry(inspect.StatusEntry{ID: "x"}); ok {
		t.Error("x is no ID")
	}
}
