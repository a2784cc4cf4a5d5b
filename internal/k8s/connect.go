package k8s

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
)

// socketTimeout is how long what was sent may go unacknowledged before the kernel gives the connection up. Without it a
// request of ours could wait in a frozen socket for minutes and be delivered when another leads. It is shorter than the
// time between the last write a Lease allows and the end of the Lease (15 s - 10 s), so that what is not delivered by
// then never is; and it lets a renewal try a new connection before its deadline.
const socketTimeout = 4 * time.Second

// errNotLeading: nothing was sent.
var errNotLeading = errors.New("the Lease is not held")

// connect makes a client with a connection of its own: client-go shares one between equal configs, and a Dial makes
// them differ.
func connect(cfg *rest.Config, dial dialFunc) (*rest.RESTClient, error) {
	own := rest.CopyConfig(cfg)
	own.Dial = dial
	client, err := rest.RESTClientFor(own)
	if err != nil {
		return nil, fmt.Errorf("preparing the Kubernetes client: %w", err)
	}
	return client, nil
}

func dialer() *net.Dialer { return &net.Dialer{Timeout: callTimeout, KeepAlive: callTimeout} }

// dial makes connections for what changes something.
func dial(guard func() (time.Time, bool)) dialFunc {
	d := dialer()
	d.Control = func(_, _ string, raw syscall.RawConn) error { return giveUpAfter(raw, socketTimeout) }
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, network, address)
		if err != nil || guard == nil {
			return conn, err
		}
		return &guardedConn{conn, guard}, nil
	}
}

// guardedConn asks the guard once more, right before the kernel: a process that is stopped after the check of a request
// and goes on a minute later would send it then.
type guardedConn struct {
	net.Conn
	guard func() (time.Time, bool)
}

// Write implements net.Conn.
func (c *guardedConn) Write(b []byte) (int, error) {
	if _, ok := c.guard(); !ok {
		return 0, errNotLeadingAnyMore
	}
	return c.Conn.Write(b)
}

// errNotLeadingAnyMore is another error than errNotLeading: a part of the request may have been sent.
var errNotLeadingAnyMore = errors.New("the Lease is not held any more")
