//go:build real

package harness

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// ReplyProxy is a proxy to Redis that forwards every request and can cut a reply at any byte.
type ReplyProxy struct {
	Addr string // host:port

	listener net.Listener
	target   string
	group    sync.WaitGroup

	mu    sync.Mutex
	cut   func(command string, reply []byte) int // called with mu held
	conns map[net.Conn]bool
}

// NewReplyProxy starts a proxy to a Redis; it is closed with the test.
func NewReplyProxy(t *testing.T, to string) *ReplyProxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &ReplyProxy{Addr: listener.Addr().String(), listener: listener, target: to, cut: keepAll, conns: make(map[net.Conn]bool)}
	p.group.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// BreakOnce calls cut with each complete reply, after Redis executed the command, until cut returns how many bytes of it to
// forward before the connection breaks; below zero: all, and the connection stays. It returns after the break.
func (p *ReplyProxy) BreakOnce(cut func(command string, reply []byte) int) {
	broken := make(chan struct{})
	p.mu.Lock()
	p.cut = func(command string, reply []byte) int {
		n := cut(command, reply)
		if n >= 0 {
			p.cut = keepAll
			close(broken)
		}
		return n
	}
	p.mu.Unlock()
	<-broken
}

func keepAll(string, []byte) int { return -1 }

func (p *ReplyProxy) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	for c := range p.conns {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.group.Wait()
}

func (p *ReplyProxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = true, true
		p.mu.Unlock()
		commands := make(chan string, 1<<16) // more than any pipeline has
		p.group.Go(func() { defer p.drop(client, server); forwardRequests(client, server, commands) })
		p.group.Go(func() { defer p.drop(client, server); p.forwardReplies(client, server, commands) })
	}
}

func (p *ReplyProxy) drop(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
		delete(p.conns, c)
	}
}

// forwardRequests forwards the client's requests and passes on their command names.
func forwardRequests(client io.Reader, server io.Writer, commands chan<- string) {
	in := bufio.NewReader(client)
	for {
		request, err := readValue(in)
		if err != nil {
			return
		}
		commands <- commandOf(request)
		if _, err := server.Write(request); err != nil {
			return
		}
	}
}

func (p *ReplyProxy) forwardReplies(client io.Writer, server io.Reader, commands <-chan string) {
	in := bufio.NewReader(server)
	for {
		reply, err := readValue(in)
		if err != nil {
			return
		}
		command := <-commands
		p.mu.Lock()
		n := p.cut(command, reply)
		p.mu.Unlock()
		if n >= 0 {
			_, _ = client.Write(reply[:min(n, len(reply))])
			return
		}
		if _, err := client.Write(reply); err != nil {
			return
		}
	}
}

// commandOf is the command name of a request, in upper case.
func commandOf(request []byte) string {
	parts := strings.SplitN(string(request), "\r\n", 4)
	if len(parts) < 3 {
		return ""
	}
	return strings.ToUpper(parts[2])
}

// readValue reads one value of RESP 2 unchanged.
func readValue(in *bufio.Reader) ([]byte, error) {
	value, err := in.ReadBytes('\n')
	if err != nil || value[0] != '$' && value[0] != '*' {
		return value, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(value[1:])))
	switch {
	case err != nil:
		return nil, fmt.Errorf("not RESP: %w", err)
	case n < 0: // nil
		return value, nil
	case value[0] == '$':
		body := make([]byte, n+len("\r\n"))
		_, err := io.ReadFull(in, body)
		return append(value, body...), err
	}
	for range n {
		element, err := readValue(in)
		if err != nil {
			return nil, err
		}
		value = append(value, element...)
	}
	return value, nil
}
