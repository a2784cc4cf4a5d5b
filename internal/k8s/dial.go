package k8s

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// SocketTimeout is how long sent data may go unacknowledged before the kernel closes the connection. Without it a request
// could wait in a frozen socket for minutes and be delivered when another replica leads. It is shorter than the time between
// the last write that a Lease allows and the end of the Lease (15 s - 10 s), so that what is not delivered by then never is;
// and a renewal can try a new connection before its deadline. Package leader holds its own times against it.
const SocketTimeout = 4 * time.Second

// ErrNotLeading means that the guard refused a write and nothing was sent. Package recorder compares with it.
var ErrNotLeading = errors.New("the Lease is not held")

// errLeaseEnded is another error than ErrNotLeading: a part of the request may have been sent.
var errLeaseEnded = errors.New("the Lease is not held any more")

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

func newDialer() *net.Dialer { return &net.Dialer{Timeout: CallTimeout, KeepAlive: CallTimeout} }

// newGuardedDial makes connections for writes.
func newGuardedDial(guard Guard) dialFunc {
	d := newDialer()
	d.Control = func(_, _ string, raw syscall.RawConn) error { return setTCPUserTimeout(raw, SocketTimeout) }
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, network, address)
		if err != nil || guard == nil {
			return conn, err
		}
		return &guardedConn{conn, guard}, nil
	}
}

// guardedConn asks the guard once more, right before the kernel: a process that is suspended after the check of a request
// and resumed a minute later would send it then.
type guardedConn struct {
	net.Conn

	guard Guard
}

// Write implements net.Conn.
func (c *guardedConn) Write(b []byte) (int, error) {
	if _, ok := c.guard(); !ok {
		return 0, errLeaseEnded
	}
	return c.Conn.Write(b)
}
