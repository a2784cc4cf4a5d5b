package realnode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// forwarder takes the connections to the service address on to the API server.
type forwarder struct {
	listener net.Listener
	target   string
	work     sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{} // nil once closed
}

// listen starts the forwarder. Its goroutines end with close.
func listen(ctx context.Context, address, target string) (*forwarder, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening at the service address: %w", err)
	}
	f := &forwarder{listener: l, target: target, conns: map[net.Conn]struct{}{}}
	f.work.Go(f.accept)
	return f, nil
}

func (f *forwarder) accept() {
	for {
		conn, err := f.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			f.work.Go(func() { f.serve(conn) })
		}
	}
}

func (f *forwarder) serve(client net.Conn) {
	if !f.track(client) {
		return
	}
	defer f.drop(client)
	server, err := net.Dial("tcp", f.target)
	if err != nil || !f.track(server) {
		return // the client sees a closed connection, as with a real API server that is down
	}
	defer f.drop(server)
	var both sync.WaitGroup
	both.Go(func() { pipe(server, client) })
	both.Go(func() { pipe(client, server) })
	both.Wait()
}

// pipe ends one direction only: the other may still have an answer under way.
func pipe(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if half, ok := to.(*net.TCPConn); ok && err == nil {
		_ = half.CloseWrite()
		return
	}
	_ = to.Close()
	_ = from.Close()
}

func (f *forwarder) track(c net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conns == nil {
		_ = c.Close()
		return false
	}
	f.conns[c] = struct{}{}
	return true
}

func (f *forwarder) drop(c net.Conn) {
	_ = c.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.conns, c)
}

func (f *forwarder) close() {
	_ = f.listener.Close()
	f.mu.Lock()
	for c := range f.conns {
		_ = c.Close()
	}
	f.conns = nil
	f.mu.Unlock()
	f.work.Wait()
}
