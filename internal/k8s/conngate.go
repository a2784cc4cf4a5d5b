package k8s

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"

	"k8s.io/client-go/rest"
)

// connGate keeps a burst from dialing many connections. Go opens one for each request that finds none, each with a TLS
// handshake, and of those that the first requests of a burst would open HTTP/2 needs one. So the first request passes alone,
// and the others follow on the connection that it leaves open.
type connGate struct {
	first chan struct{} // holds the one request that passes alone
	open  atomic.Bool   // there was an answer, and no connection was closed since
}

func newConnGate() *connGate { return &connGate{first: make(chan struct{}, 1)} }

// pass sends at once, or when it is the request's turn. When ctx ends before that, nothing is sent.
func (g *connGate) pass(ctx context.Context, send func(context.Context) error) error {
	if g.open.Load() {
		return send(ctx)
	}
	select {
	case g.first <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if g.open.Load() { // an earlier request has opened it
		<-g.first
		return send(ctx)
	}
	defer func() { <-g.first }()
	return send(ctx)
}

// attach makes a config report its answers, and its connections their end.
func (g *connGate) attach(cfg *rest.Config, dial dialFunc) (*rest.Config, dialFunc) {
	own := rest.CopyConfig(cfg)
	own.Wrap(func(next http.RoundTripper) http.RoundTripper { return &gatedTransport{next, g} })
	return own, func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &gatedConn{conn, g}, nil
	}
}

type gatedConn struct {
	net.Conn

	gate *connGate
}

// Close implements net.Conn.
func (c *gatedConn) Close() error {
	c.gate.open.Store(false)
	return c.Conn.Close()
}

type gatedTransport struct {
	next http.RoundTripper
	gate *connGate
}

// RoundTrip implements http.RoundTripper.
func (t *gatedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.next.RoundTrip(r)
	if err == nil {
		t.gate.open.Store(true)
	}
	return response, err
}

// WrappedRoundTripper lets client-go unwrap the transport.
func (t *gatedTransport) WrappedRoundTripper() http.RoundTripper { return t.next }
