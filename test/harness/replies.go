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

// Replies is a way to Redis that hands on every request and lets a test keep back what Redis replies, to the byte.
type Replies struct {
	Addr string // host:port

	listener net.Listener
	to       string
	group    sync.WaitGroup

	mu    sync.Mutex
	judge func(command string, reply []byte) int // called with mu held
	conns map[net.Conn]bool
}

// NewReplies opens a way to a Redis; it is closed with the test.
func NewReplies(t *testing.T, to string) *Replies {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &Replies{Addr: listener.Addr().String(), listener: listener, to: to, judge: pass, conns: make(map[net.Conn]bool)}
	r.group.Go(r.accept)
	t.Cleanup(r.close)
	return r
}

// BreakOnce calls judge with each complete reply, once Redis has done what was asked for, until it has returned how
// many bytes of it arrive before the connection breaks; below zero: all, and nothing breaks. It waits until that happened.
func (r *Replies) BreakOnce(judge func(command string, reply []byte) int) {
	broken := make(chan struct{})
	r.mu.Lock()
	r.judge = func(command string, reply []byte) int {
		n := judge(command, reply)
		if n >= 0 {
			r.judge = pass
			close(broken)
		}
		return n
	}
	r.mu.Unlock()
	<-broken
}

func pass(string, []byte) int { return -1 }

func (r *Replies) close() {
	_ = r.listener.Close()
	r.mu.Lock()
	for c := range r.conns {
		_ = c.Close()
	}
	r.mu.Unlock()
	r.group.Wait()
}

func (r *Replies) accept() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", r.to)
		if err != nil {
			_ = client.Close()
			continue
		}
		r.mu.Lock()
		r.conns[client], r.conns[server] = true, true
		r.mu.Unlock()
		asked := make(chan string, 1<<16) // more than any pipeline has
		r.group.Go(func() { defer r.drop(client, server); requests(client, server, asked) })
		r.group.Go(func() { defer r.drop(client, server); r.replies(client, server, asked) })
	}
}

func (r *Replies) drop(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
		delete(r.conns, c)
	}
}

// requests hands on what the client asks, and remembers the names of the commands.
func requests(client io.Reader, server io.Writer, asked chan<- string) {
	in := bufio.NewReader(client)
	for {
		request, err := readValue(in)
		if err != nil {
			return
		}
		asked <- commandOf(request)
		if _, err := server.Write(request); err != nil {
			return
		}
	}
}

func (r *Replies) replies(client io.Writer, server io.Reader, asked <-chan string) {
	in := bufio.NewReader(server)
	for {
		reply, err := readValue(in)
		if err != nil {
			return
		}
		command := <-asked
		r.mu.Lock()
		n := r.judge(command, reply)
		r.mu.Unlock()
		if n >= 0 {
			_, _ = client.Write(reply[:min(n, len(reply))])
			return
		}
		if _, err := client.Write(reply); err != nil {
			return
		}
	}
}

// commandOf is the first word of a request, in upper case.
func commandOf(request []byte) string {
	parts := strings.SplitN(string(request), "\r\n", 4)
	if len(parts) < 3 {
		return ""
	}
	return strings.ToUpper(parts[2])
}

// readValue reads one value of Redis' protocol, version 2, as it is.
func readValue(in *bufio.Reader) ([]byte, error) {
	value, err := in.ReadBytes('\n')
	if err != nil || value[0] != '$' && value[0] != '*' {
		return value, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(value[1:])))
	switch {
	case err != nil:
		return nil, fmt.Errorf("not Redis' protocol: %w", err)
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
