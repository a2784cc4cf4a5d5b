package k8s

import (
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The kernel closes a connection for writes whose data is not acknowledged.
func TestUserTimeoutIsSet(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	conn, err := newGuardedDial(nil)(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var got int
	var failed error
	if err := raw.Control(func(fd uintptr) { got, failed = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT) }); err != nil {
		t.Fatal(err)
	}
	if failed != nil || int64(got) != SocketTimeout.Milliseconds() {
		t.Errorf("TCP_USER_TIMEOUT is %d ms, %v", got, failed)
	}
}
