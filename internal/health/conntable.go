package health

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// maxConnections take two megabytes. They are more than maxScrapes and maxChecks together, so that most of them can be
	// replaced at any time.
	maxConnections = 96
	// A connection keeps its place for keptRounds pauses of the accept loop, of at least a roundPause each, in which its request
	// arrives and its goroutine runs. They are counted, not timed: after the process had no CPU for a while, all would be over at once.
	keptRounds = 3
	roundPause = 5 * time.Millisecond
)

// connTable is a Listener that bounds the open connections. One that comes when the table is full replaces the one that has waited
// longest for its client: it has sent no request, or a part of one, or does not read the response. Without this a few hundred idle
// connections keep probes out, and the kubelet restarts the container. A connection that is served is never replaced, so whatever
// can take long bounds itself by an inFlight.
type connTable struct {
	net.Listener

	mu    sync.Mutex
	open  map[*tableConn]bool
	round int // pauses of the accept loop so far
	waits int // times that a connection began to wait so far
}

// tableConn is a connection in a connTable, whose mutex guards it.
type tableConn struct {
	net.Conn

	table  *connTable
	served bool // else it waits for its client
	round  int  // in which it began to wait
	order  int  // in which it did, among all
}

func newConnTable(l net.Listener) *connTable {
	return &connTable{Listener: l, open: make(map[*tableConn]bool)}
}

// Accept implements net.Listener. While no connection can be replaced yet, further ones wait in the backlog of the system.
func (t *connTable) Accept() (net.Conn, error) {
	accepted, err := t.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &tableConn{Conn: accepted, table: t}
	for !t.admit(c) {
		time.Sleep(roundPause)
	}
	return c, nil
}

// admit reports whether the connection has got a place; if not, the accept loop pauses.
func (t *connTable) admit(c *tableConn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.open) >= maxConnections {
		oldest := t.longestWaiting()
		if oldest == nil || t.round-oldest.round < keptRounds {
			t.round++
			return false
		}
		delete(t.open, oldest)
		oldest.abort()
	}
	t.open[c] = true
	t.wait(c)
	return true
}

// longestWaiting is nil if all are served.
func (t *connTable) longestWaiting() *tableConn {
	var oldest *tableConn
	for c := range t.open {
		if !c.served && (oldest == nil || c.order < oldest.order) {
			oldest = c
		}
	}
	return oldest
}

// wait is called with the mutex held.
func (t *connTable) wait(c *tableConn) {
	t.waits++
	c.served, c.round, c.order = false, t.round, t.waits
}

// begin is called when a request has been read.
func (t *connTable) begin(c *tableConn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.served = true
}

// end is called when the handler has returned. The response may not be sent yet.
func (t *connTable) end(c *tableConn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wait(c)
}

// Close implements net.Conn.
func (c *tableConn) Close() error {
	c.table.mu.Lock()
	delete(c.table.open, c)
	c.table.mu.Unlock()
	return c.Conn.Close()
}

// abort closes the connection at once. What its client has not read would stay in the system's memory for minutes.
func (c *tableConn) abort() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Conn.Close()
}

type connKey struct{}

// withConn is http.Server's ConnContext.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// connOf is nil where the request did not come through a connTable.
func connOf(r *http.Request) *tableConn {
	c, _ := r.Context().Value(connKey{}).(*tableConn)
	return c
}

// markServed tells the table which connections are served.
func markServed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c := connOf(r); c != nil {
			c.table.begin(c)
			defer c.table.end(c)
		}
		next.ServeHTTP(w, r)
	})
}
