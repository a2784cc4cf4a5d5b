package podlogs

import (
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
)

// TestViewers: however many look on, and whenever they come, each gets every line once, by one follow.
func TestViewers(t *testing.T) {
	exact := 0
	for seed := range uint64(seeds) {
		synctest.Test(t, func(t *testing.T) {
			n := newFakeNode(seed)
			n.faults, n.tail = n.rnd.IntN(40), n.chance(50)
			rnd := rand.New(rand.NewPCG(seed, 2))
			go printSome(n, rnd, 300, func() {})
			c := n.client(t, Options{Buffer: 1 << 20}) // the ring keeps a part: late viewers read history
			got := make([]*received, 5)
			var wg sync.WaitGroup
			for i := range got {
				wg.Go(func() {
					time.Sleep(time.Duration(i) * 7 * time.Second)
					got[i] = follow(t, c)
				})
			}
			wg.Wait()
			for i := range got {
				if slices.Contains(got[i].markers, MarkerSlow) { // the node printed more at once than the ring takes
					checkMarked(t, seed, n.printed(), got[i])
					continue
				}
				exact++
				checkExact(t, seed+1000*uint64(i), n.printed(), got[i])
			}
			if n.most > 1 {
				t.Errorf("%d follows at once, want 1", n.most)
			}
			if len(c.sources) > 0 || c.active.Load() != 0 {
				t.Errorf("%d sources are left", len(c.sources))
			}
		})
	}
	if exact < 4*seeds {
		t.Errorf("only %d viewers kept up", exact)
	}
}

// TestSlowViewer: one that does not keep up gets a marker in place of what it missed; others miss nothing.
func TestSlowViewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNode(1)
		c := n.client(t, Options{Buffer: minShare})
		var slow, quick received
		var wg sync.WaitGroup
		wg.Go(func() {
			for l, err := range c.Follow(t.Context(), testTarget, From{}) {
				if err != nil {
					t.Error(err)
				}
				slow.add(l)
				time.Sleep(time.Second)
			}
		})
		wg.Go(func() {
			for l, err := range c.Follow(t.Context(), testTarget, From{}) {
				if err != nil {
					t.Error(err)
				}
				quick.add(l)
			}
		})
		for i := range 5000 {
			n.print(fmt.Sprintf("line %d", i), time.Now())
			time.Sleep(10 * time.Millisecond)
		}
		n.change(func() { n.end = true })
		wg.Wait()
		checkExact(t, 1, n.printed(), &quick)
		if lost := checkMarked(t, 1, n.printed(), &slow); lost == 0 || !slices.Contains(slow.markers, MarkerSlow) {
			t.Errorf("the slow one missed %d lines, markers %v", lost, slow.markers)
		}
	})
}

// TestFrom: where to begin, for the first viewer, a later one, and what is read once.
func TestFrom(t *testing.T) {
	start := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // of the bubble
	for name, test := range map[string]struct {
		from From
		want []string
	}{
		"start":          {From{}, []string{"0", "1", "2", "3", "4"}},
		"tail":           {From{Tail: new(2)}, []string{"3", "4"}},
		"tail of none":   {From{Tail: new(0)}, nil},
		"more than all":  {From{Tail: new(9)}, []string{"0", "1", "2", "3", "4"}},
		"since":          {From{Since: start.Add(2500 * time.Millisecond)}, []string{"3", "4"}},
		"since and tail": {From{Since: start.Add(2500 * time.Millisecond), Tail: new(1)}, []string{"4"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := newFakeNode(1)
			for i := range 5 {
				n.print(fmt.Sprint(i), start.Add(time.Duration(i)*time.Second))
			}
			time.Sleep(10 * time.Second)
			c := n.client(t, Options{})
			var read []string
			for l, err := range c.Read(t.Context(), testTarget, test.from) {
				if err != nil {
					t.Error(err)
				}
				read = append(read, string(l.Text))
			}
			if diff := cmp.Diff(test.want, read); diff != "" {
				t.Errorf("%s, read (-want +got):\n%s", name, diff)
			}
			followed := make([][]string, 2)
			var wg sync.WaitGroup
			for i := range followed {
				wg.Go(func() {
					time.Sleep(time.Duration(i) * time.Second)
					for l, err := range c.Follow(t.Context(), testTarget, test.from) {
						if err != nil {
							t.Error(err)
						}
						followed[i] = append(followed[i], string(l.Text))
					}
				})
			}
			time.Sleep(5 * time.Second)
			n.print("new", time.Now())
			n.change(func() { n.end = true })
			wg.Wait()
			for i, got := range followed {
				if diff := cmp.Diff(append(slices.Clone(test.want), "new"), got); diff != "" {
					t.Errorf("%s, viewer %d (-want +got):\n%s", name, i, diff)
				}
			}
		})
	}
}

// TestPolls: where the node can follow no more logs it is asked again and again, and followed when it can.
func TestPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNode(1)
		n.noInotify = true
		go func() {
			for i := range 100 {
				n.print(fmt.Sprint(i), time.Now())
				time.Sleep(time.Second)
				if i == 50 {
					n.change(func() { n.noInotify = false })
				}
			}
			n.change(func() { n.end = true })
		}()
		got := follow(t, n.client(t, Options{}))
		checkExact(t, 1, n.printed(), got)
		follows := 0
		for _, q := range n.requests {
			if q.Get("follow") == "true" {
				follows++
			}
		}
		if polls := len(n.requests) - follows; follows < 2 || follows > 4 || polls < 50 || polls > 70 {
			t.Errorf("%d follows and %d polls", follows, polls)
		}
	})
}

// TestClockSetBack: lines that a clock stamps an hour earlier are not lost over a cut.
func TestClockSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNode(3)
		n.faults = 30
		go func() {
			for i := range 200 {
				stamp := time.Now()
				if i >= 100 {
					stamp = stamp.Add(-time.Hour)
				}
				n.print(fmt.Sprintf("line %d %s", i, strings.Repeat("z", 500)), stamp)
				time.Sleep(100 * time.Millisecond)
			}
			n.change(func() { n.end = true })
		}()
		got := follow(t, n.client(t, Options{}))
		checkExact(t, 3, n.printed(), got)
	})
}

// TestGone: a Pod that is deleted while the connection is down is the end, and the marker says what that means.
func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newFakeNode(1)
		n.print("one", time.Now())
		go func() {
			time.Sleep(time.Second)
			n.change(func() { n.gone, n.faults = true, 0 })
			n.change(func() { n.end = true })
		}()
		if got := follow(t, n.client(t, Options{})); len(got.lines) != 1 || got.err != nil || len(got.markers) > 0 {
			t.Errorf("ended by the kubelet: %+v", got)
		}
		if got := follow(t, n.client(t, Options{})); len(got.lines) != 0 || got.err != nil {
			t.Errorf("gone before: %+v", got)
		}
	})
}

// TestRefused: what no retry resolves is an error that says what is needed.
func TestRefused(t *testing.T) {
	for path, want := range map[string]string{"/log": "get pods/log -n ci", "/pods/" + testTarget.Pod: "get pods -n ci"} {
		access := k8stest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/version":
			case strings.HasSuffix(r.URL.Path, path):
				k8stest.Answer(w, 403, k8stest.Status(403, "Forbidden", "User \"kim\" cannot get resource"))
			case strings.HasSuffix(r.URL.Path, "/log"):
				_, _ = io.WriteString(w, "2026-11-28T10:00:00.000000001+09:00 hello\n")
			default:
				k8stest.Answer(w, 500, k8stest.Status(500, "InternalError", "no"))
			}
		})
		c, err := New(access, Options{Version: "test"})
		if err != nil {
			t.Fatal(err)
		}
		got := follow(t, c)
		c.Close()
		if missing, ok := errors.AsType[*PermissionError](got.err); !ok || missing.Permission != want {
			t.Errorf("%s: %v", path, got.err)
		}
		if path != "/log" && !slices.Equal(got.lines, []string{"2026-11-28T01:00:00.000000001Z hello"}) {
			t.Errorf("%s: %q", path, got.lines)
		}
	}
}

// TestHugeLine: a line of 64 MiB is delivered whole, and takes no 64 MiB.
func TestHugeLine(t *testing.T) {
	const size = 64 << 20
	line := io.MultiReader(strings.NewReader("2026-11-28T10:00:00.000000001Z "), io.LimitReader(zeros{}, size), strings.NewReader("\nx"))
	var before, after runtime.MemStats
	total, most := 0, uint64(0)
	a := assembler{seed: maphash.MakeSeed(), since: minTime, emit: func(e entry) error {
		if total += len(e.text); total%(1<<20) < partSize {
			runtime.ReadMemStats(&after)
			most = max(most, after.HeapAlloc)
		}
		return nil
	}}
	a.begin()
	runtime.GC()
	runtime.ReadMemStats(&before)
	r, err := (&follower{assembler: a}).consume(line)
	if err != nil || !r.clean || total != size {
		t.Errorf("%d bytes of %d, %v", total, size, err)
	}
	if most > before.HeapAlloc+size/2 {
		t.Errorf("it took %d MiB", (most-before.HeapAlloc)>>20)
	}
}

type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
