package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/gateway/hub"
	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
)

// watcher is a client of the event stream.
type watcher struct {
	t    *testing.T
	scan *bufio.Scanner
	last string // the last ID
	stop func()
}

// message is one event as a client sees it.
type message struct {
	name string
	data map[string]any
}

func (f *fixture) watch(path string, header map[string]string) *watcher {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), hung)
	f.t.Cleanup(cancel)
	resp := f.send(ctx, request{path: path, token: "operator", header: header})
	f.t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		f.t.Fatalf("%s, %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	w := &watcher{t: f.t, scan: bufio.NewScanner(resp.Body), stop: cancel}
	w.scan.Buffer(nil, 1<<20)
	w.block() // the position
	return w
}

// block reads up to an empty line; a zero name is what a client does not see.
func (w *watcher) block() (m message, ok bool) {
	for w.scan.Scan() {
		field, value, _ := strings.Cut(w.scan.Text(), ": ")
		switch field {
		case "":
			if w.scan.Text() == "" {
				return m, true
			}
		case "id":
			w.last = value
		case "event":
			m.name = value
		case "data":
			if err := json.Unmarshal([]byte(value), &m.data); err != nil {
				w.t.Fatalf("%s: %v", value, err)
			}
		}
	}
	return m, false
}

// next are the next n events, in short: what they are, and the seq of status entries.
func (w *watcher) next(n int) string {
	w.t.Helper()
	var all []string
	for len(all) < n {
		m, ok := w.block()
		if !ok {
			w.t.Fatalf("after %v: %v", all, w.scan.Err())
		}
		switch m.name {
		case "":
		case "status":
			all = append(all, fmt.Sprint(m.data["seq"]))
		case "snapshot":
			all = append(all, fmt.Sprintf("snapshot of %d", len(m.data["events"].([]any))))
		default:
			all = append(all, m.name)
		}
	}
	return strings.Join(all, " ")
}

// tell adds status entries with these seq, whose IDs are the same.
func (f *fixture) tell(seqs ...int) {
	for _, n := range seqs {
		f.Do(f.t, "XADD", f.Keys.Status(), fmt.Sprintf("%d-0", n), "kind", "worker", "event_id", openID, "task_id", "task-1", "queue", "default", "seq", n)
	}
}

func expect(t *testing.T, what, want, got string) {
	t.Helper()
	if want != got {
		t.Errorf("%s: want %q, got %q", what, want, got)
	}
}

// TestResume: from memory or from Redis, without gap or doubling.
func TestResume(t *testing.T) {
	mini := redistest.Mini(t)
	before := &fixture{Fixture: mini, t: t}
	before.tell(11, 12, 13)
	f := serve(t, mini, nil)
	live := f.watch("/v1/stream", nil)
	f.tell(14, 15)
	expect(t, "live", "14 15", live.next(2))
	expect(t, "from memory", "15", f.watch("/v1/stream?last_event_id=14-0", nil).next(1))
	expect(t, "from Redis", "12 13 14 15", f.watch("/v1/stream?last_event_id=11-0", nil).next(4))
	expect(t, "the header counts", "15", f.watch("/v1/stream?last_event_id=11-0", map[string]string{"Last-Event-ID": "14-0"}).next(1))
	resumed := f.watch("/v1/stream?last_event_id="+live.last, nil)
	f.tell(16)
	expect(t, "where it stopped", "16", resumed.next(1))
	expect(t, "still live", "16", live.next(1))
}

// TestFilters: a viewer gets what it asked for only, and its position moves on all the same.
func TestFilters(t *testing.T) {
	f := serve(t, redistest.Mini(t), nil)
	add := func(id, eventID, task, queue string, seq int) {
		f.Do(t, "XADD", f.Keys.Status(), id, "kind", "worker", "event_id", eventID, "task_id", task, "queue", queue, "seq", seq)
	}
	viewers := map[string]*watcher{
		"1": f.watch("/v1/stream?event_id="+openID, nil), "2": f.watch("/v1/stream?task_id=task-2", nil), "3": f.watch("/v1/stream?queue=web", nil),
	}
	add("5-0", openID, "task-1", "default", 1)
	add("6-0", webID, "task-2", "default", 2)
	add("7-0", closedID, "task-3", "web", 3)
	for want, w := range viewers {
		expect(t, "filtered", want, w.next(1))
	}
}

// TestBoundViewer: a token that is bound to queues hears of these alone.
func TestBoundViewer(t *testing.T) {
	f := &streamFilter{}
	who := &Principal{Queues: []string{"web"}}
	for queue, want := range map[string]bool{"web": true, "*": true, "default": false, "": false} {
		if got := f.may(who, &hub.Entry{Queue: queue}); got != want {
			t.Errorf("%q: %v", queue, got)
		}
	}
}

// TestGap: whoever missed what was trimmed is told so, gets a snapshot, and then nothing that is in it.
func TestGap(t *testing.T) {
	mini := redistest.Mini(t)
	fill(t, mini)
	mini.Do(t, "DEL", mini.Keys.Status())
	before := &fixture{Fixture: mini, t: t}
	before.tell(11, 12, 13)
	mini.Do(t, "XTRIM", mini.Keys.Status(), "MAXLEN", "1")
	f := serve(t, mini, nil)
	trimmed := f.watch("/v1/stream?last_event_id=11-0", nil)
	expect(t, "trimmed", "gap snapshot of 2", trimmed.next(2))
	f.tell(14)
	expect(t, "and on", "14", trimmed.next(1))
	expect(t, "Redis lost data", "gap snapshot of 2", f.watch("/v1/stream?last_event_id=99-0", nil).next(2))
	expect(t, "asked for", "snapshot of 2", f.watch("/v1/stream?snapshot=true", nil).next(1))
	expect(t, "one event", "snapshot of 1", f.watch("/v1/stream?snapshot=true&event_id="+closedID, nil).next(1))
	expect(t, "one task", "snapshot of 1", f.watch("/v1/stream?snapshot=true&task_id=task-1", nil).next(1))
}

func TestSnapshotSeqs(t *testing.T) {
	id := redistest.MustID(t, openID)
	s := snapshotSeqs{seqs: map[event.ID]int{id: 5}, until: redistest.MustID(t, "20-0")}
	entry := func(at string, seq int) *hub.Entry {
		return &hub.Entry{ID: redistest.MustID(t, at), EventID: id, Seq: seq}
	}
	for _, test := range []struct {
		at   string
		seq  int
		want bool
	}{{"10-0", 5, true}, {"11-0", 6, false}, {"12-0", 0, false}, {"21-0", 1, false}, {"22-0", 5, false}} {
		if got := s.has(entry(test.at, test.seq)); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

// TestGoodbye: at the stop viewers are told why.
func TestGoodbye(t *testing.T) {
	f := serve(t, redistest.Mini(t), nil)
	w := f.watch("/v1/stream", nil)
	close(f.server.stopping)
	expect(t, "stop", "goodbye", w.next(1))
	if _, ok := w.block(); ok {
		t.Error("the stream goes on")
	}
}

// TestViewerLimit: of one address only so many look on at once; who leaves makes place.
func TestViewerLimit(t *testing.T) {
	g := newGate()
	for range maxPerClient {
		if _, ok := g.enter("a"); !ok {
			t.Fatal("refused")
		}
	}
	if _, ok := g.enter("a"); ok {
		t.Error("one too many of one address")
	}
	if _, ok := g.enter("b"); !ok {
		t.Error("another address is refused")
	}
	if g.leave("a"); g.all != maxPerClient {
		t.Errorf("%d viewers", g.all)
	}
	for i := range maxViewers - g.all {
		if _, ok := g.enter(fmt.Sprint(i)); !ok {
			t.Fatalf("refused at %d", g.all)
		}
	}
	if _, ok := g.enter("c"); ok {
		t.Error("one too many in all")
	}
}
