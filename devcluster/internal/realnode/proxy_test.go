package realnode

import (
	"io"
	"net"
	"testing"
)

func TestProxyForwardsBothDirections(t *testing.T) {
	target := echoServer(t)
	p, err := newProxy(t.Context(), "127.0.0.1:0", target)
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	conn := dial(t, p)
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn) // the response arrives after CloseWrite
	if err != nil || string(got) != "hello" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestProxyCloseEndsConnections(t *testing.T) {
	p, err := newProxy(t.Context(), "127.0.0.1:0", echoServer(t))
	if err != nil {
		t.Fatal(err)
	}
	conn := dial(t, p)
	if _, err := conn.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	p.close()
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is open after close")
	}
}

func dial(t *testing.T, p *proxy) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", p.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn.(*net.TCPConn)
}

func echoServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn); _ = conn.Close() }()
		}
	}()
	return l.Addr().String()
}
