package k8s

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"

	"k8s.io/client-go/rest"
)

// opener keeps a burst from dialing. Go opens a connection for each request that finds none, each with a TLS handshake, and
// of those that the first requests of a burst would open HTTP/2 needs one. So whoever finds none goes alone, and the others
// follow on the connection that it leaves open.
type opener struct {
	first chan struct{} // taken by the one who goes alone
	warm  atomic.Bool   // there was an answer, and no connection was closed since
}

func newOpener() *opener { return &opener{first: make(chan struct{}, 1)} }

// through sends, at once or when it is its turn. Whoever waits longer than its context lasts has sent nothing.
func (o *opener) through(ctx context.Context, send func(context.Context) error) error {
	if o.warm.Load() {
		return send(ctx)
	}
	select {
	case o.first <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if o.warm.Load() { // whoever went before has opened it
		<-o.first
		return send(ctx)
	}
	defer func() { <-o.first }()
	return send(ctx)
}

// over makes a config tell the opener of its answers, and its connections of their end.
func (o *opener) over(cfg *rest.Config, dial dialFunc) (*rest.Config, dialFunc) {
	own := rest.CopyConfig(cfg)
	own.Wrap(func(next http.RoundTripper) http.RoundTripper { return &heard{next, o} })
	return own, func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &openedConn{conn, o}, nil
	}
}

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

type openedConn struct {
	net.Conn
	opener *opener
}

// Close implements net.Conn.
func (c *openedConn) Close() error {
	c.opener.warm.Store(false)
	return c.Conn.Close()
}

type heard struct {
	next   http.RoundTripper
	opener *opener
}

// RoundTrip implements http.RoundTripper.
func (a *heard) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := a.next.RoundTrip(r)
	if err == nil {
		a.opener.warm.Store(true)
	}
	return response, err
}

// WrappedRoundTripper lets client-go look through to the transport.
func (a *heard) WrappedRoundTripper() http.RoundTripper { return a.next }
