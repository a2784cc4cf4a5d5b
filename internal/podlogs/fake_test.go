package podlogs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

var testTarget = Target{Namespace: "ci", Pod: "otto-agent-1-5-0", UID: "uid-1", Container: "agent"}

const stampFormat = "2006-01-02T15:04:05.000000000Z07:00"

// record is a line in a file of the node.
type record struct {
	stamp time.Time
	text  string
}

// fakeNode is an API server with one container's log, as kubelets serve it.
type fakeNode struct {
	mu       sync.Mutex
	rnd      *rand.Rand
	lines    []record
	newest   int  // index of the first line of the newest file
	end      bool // the container has terminated
	tail     bool // the last line has no newline
	gone     bool
	waiting  bool
	restarts int
	changed  chan struct{}

	faults    int // percent of requests and bodies
	noInotify bool
	noLog     bool         // the kubelet has the container, and its log no more
	requests  []url.Values // for the log
	follows   int          // that are open
	most      int
}

func newFakeNode(seed uint64) *fakeNode {
	return &fakeNode{rnd: rand.New(rand.NewPCG(seed, 1)), changed: make(chan struct{})}
}

// client is a Client of the node.
func (n *fakeNode) client(t testing.TB, o Options) *Client {
	t.Helper()
	c, err := New(&rest.Config{Host: "http://node"}, o)
	if err != nil {
		t.Fatal(err)
	}
	c.conns.dial = func() (*http.Client, error) { return &http.Client{Transport: n}, nil }
	return c
}

func (n *fakeNode) change(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f()
	close(n.changed)
	n.changed = make(chan struct{})
}

func (n *fakeNode) print(text string, stamp time.Time) {
	n.change(func() { n.lines = append(n.lines, record{stamp, text}) })
}

func (n *fakeNode) rotate() { n.change(func() { n.newest = len(n.lines) }) }

func (n *fakeNode) chance(percent int) bool { return n.rnd.IntN(100) < percent }

// RoundTrip implements http.RoundTripper.
func (n *fakeNode) RoundTrip(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.chance(n.faults / 2) {
		return nil, errors.New("connection refused")
	}
	switch {
	case r.URL.Path == "/version":
		return respond(200, "{}"), nil
	case n.gone:
		return refuse(404, "pods", "not found"), nil
	case strings.HasSuffix(r.URL.Path, "/log"):
		return n.log(r), nil
	}
	return respond(200, n.pod()), nil
}

func (n *fakeNode) pod() string {
	state, phase := `{"running":{}}`, "Running"
	if n.end {
		state, phase = `{"terminated":{"exitCode":0}}`, "Succeeded"
	}
	if n.waiting {
		state, phase = `{"waiting":{}}`, "Pending"
	}
	return fmt.Sprintf(`{"metadata":{"name":"p","uid":"uid-1"},"spec":{"restartPolicy":"Never"},"status":{"phase":%q,
		"containerStatuses":[{"name":"agent","restartCount":%d,"state":%s}]}}`, phase, n.restarts, state)
}

func (n *fakeNode) log(r *http.Request) *http.Response {
	q := r.URL.Query()
	n.requests = append(n.requests, q)
	follow := q.Get("follow") == "true"
	switch {
	case n.waiting:
		return refuse(400, "", "container \"agent\" in pod \"p\" is waiting to start: ContainerCreating")
	case n.noLog:
		return respond(200, "unable to retrieve container logs for containerd://1")
	case follow && n.noInotify:
		return respond(200, "failed to create fsnotify watcher: too many open files")
	case n.chance(n.faults / 2):
		return n.someFault()
	}
	b := &fakeBody{node: n, gone: r.Context().Done(), follow: follow, next: n.newest, cut: -1, since: time.Unix(0, 0)}
	if since := q.Get("sinceTime"); since != "" {
		b.since, _ = time.Parse(time.RFC3339, since)
	}
	if tail := q.Get("tailLines"); tail != "" {
		k, _ := strconv.Atoi(tail)
		b.next = max(n.newest, len(n.lines)-k)
	}
	if n.chance(n.faults) {
		b.cut, b.clean = int64(n.rnd.ExpFloat64()*20_000), n.chance(50)
	}
	if follow {
		n.follows++
		n.most = max(n.most, n.follows)
	}
	res := respond(200, "")
	res.Body = b
	return res
}

func (n *fakeNode) someFault() *http.Response {
	switch n.rnd.IntN(3) {
	case 0:
		return refuse(404, "pods/log", "the server could not find the requested resource")
	case 1:
		return refuse(500, "", "connection refused")
	}
	return respond(200, "failed to try resolving symlinks in path: no such file or directory\n")
}

func respond(code int, body string) *http.Response {
	return &http.Response{StatusCode: code, Status: strconv.Itoa(code), Body: io.NopCloser(strings.NewReader(body))}
}

func refuse(code int, kind, message string) *http.Response {
	body, _ := json.Marshal(map[string]any{"message": message, "details": map[string]any{"kind": kind}})
	return respond(code, string(body))
}

// fakeBody is one connection's log.
type fakeBody struct {
	node   *fakeNode
	gone   <-chan struct{} // closed when the reader has gone
	follow bool
	since  time.Time
	next   int
	rest   []byte
	cut    int64 // after how many bytes it ends; negative: never
	clean  bool
	closed bool
}

// Read implements io.Reader.
func (b *fakeBody) Read(p []byte) (int, error) {
	for len(b.rest) == 0 {
		b.node.mu.Lock()
		for b.next < len(b.node.lines) && len(b.rest) < 8<<10 {
			l := b.node.lines[b.next]
			if b.next++; !l.stamp.Before(b.since) {
				b.rest = append(b.rest, l.stamp.Format(stampFormat)+" "+l.text+"\n"...)
			}
		}
		if b.next == len(b.node.lines) && b.node.end && b.node.tail {
			b.rest = slices.Clip(b.rest[:max(0, len(b.rest)-1)])
		}
		over, changed := !b.follow || b.node.end, b.node.changed
		b.node.mu.Unlock()
		if len(b.rest) > 0 || over {
			break
		}
		select {
		case <-changed:
		case <-b.gone:
			return 0, context.Canceled
		}
	}
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	k := min(len(p), len(b.rest))
	if b.cut >= 0 {
		if k = min(k, int(b.cut)); k == 0 {
			if b.clean {
				return 0, io.EOF
			}
			return 0, io.ErrUnexpectedEOF
		}
		b.cut -= int64(k)
	}
	copy(p, b.rest[:k])
	b.rest = b.rest[k:]
	return k, nil
}

// Close implements io.Closer.
func (b *fakeBody) Close() error {
	b.node.mu.Lock()
	defer b.node.mu.Unlock()
	if b.follow && !b.closed {
		b.closed = true
		b.node.follows--
	}
	return nil
}

// received is what a viewer got: whole lines with their stamps, and markers between them.
type received struct {
	lines   []string
	markers []Marker
	says    []string
	after   []int // how many lines came before each marker
	open    string
	err     error
}

func (r *received) add(l Line) {
	switch {
	case l.Marker != "":
		r.markers = append(r.markers, l.Marker)
		r.says = append(r.says, string(l.Text))
		r.after = append(r.after, len(r.lines))
	case l.Continued:
		r.open += string(l.Text)
	default:
		r.lines = append(r.lines, l.Time.Format(stampFormat)+" "+r.open+string(l.Text))
		r.open = ""
	}
}

// printed is what the node got.
func (n *fakeNode) printed() []string {
	var all []string
	for _, l := range n.lines {
		all = append(all, l.stamp.Format(stampFormat)+" "+l.text)
	}
	return all
}
