package client

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// proxy stands between a client and Redis, and breaks connections on demand.
type proxy struct {
	listener net.Listener
	server   string
	running  sync.WaitGroup

	mu     sync.Mutex
	plan   *plan
	refuse bool
	conns  map[net.Conn]bool
	broken chan struct{} // closed when the plan was carried out
}

// plan is what happens to the next connection that sends a command with the word.
type plan struct {
	word   string
	before bool // cut before the command reaches Redis
	reply  int  // how many bytes of the reply arrive before the cut
	freeze bool // in place of the cut nothing moves any more
}

func startProxy(t *testing.T, server string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, server: server, conns: make(map[net.Conn]bool)}
	p.running.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.cutAll()
		p.running.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

// breakNext makes the plan for the next command with its word, and returns what is closed when it was carried out.
func (p *proxy) breakNext(next plan) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.plan, p.broken = &next, make(chan struct{})
	return p.broken
}

// setRefusing cuts all connections, and new ones until it is called again.
func (p *proxy) setRefusing(refuse bool) {
	p.mu.Lock()
	p.refuse = refuse
	p.mu.Unlock()
	if refuse {
		p.cutAll()
	}
}

func (p *proxy) cutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		refused := p.refuse
		p.conns[client], p.conns[server] = true, true
		p.mu.Unlock()
		if refused {
			_, _ = client.Close(), server.Close()
			continue
		}
		link := &link{proxy: p, client: client, server: server}
		p.running.Go(link.requests)
		p.running.Go(link.replies)
	}
}

// link is one connection through the proxy.
type link struct {
	proxy          *proxy
	client, server net.Conn

	mu     sync.Mutex
	plan   *plan
	done   chan struct{}
	frozen bool
}

func (l *link) cut() { _, _ = l.client.Close(), l.server.Close() }

func (l *link) requests() {
	defer l.cut()
	buf := make([]byte, 64<<10)
	for {
		n, err := l.client.Read(buf)
		if err != nil {
			return
		}
		if l.match(buf[:n]) && l.plan.before {
			close(l.done)
			if !l.plan.freeze {
				return
			}
			l.mu.Lock()
			l.frozen = true
			l.mu.Unlock()
		}
		l.mu.Lock()
		frozen := l.frozen
		l.mu.Unlock()
		if frozen {
			continue
		}
		if _, err := l.server.Write(buf[:n]); err != nil {
			return
		}
	}
}

// match takes the plan of the proxy if the command is the one that it waits for.
func (l *link) match(command []byte) bool {
	l.proxy.mu.Lock()
	defer l.proxy.mu.Unlock()
	plan := l.proxy.plan
	if plan == nil || !bytes.Contains(bytes.ToLower(command), []byte(plan.word)) {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.plan, l.done = plan, l.proxy.broken
	l.proxy.plan = nil
	return true
}

func (l *link) replies() {
	defer l.cut()
	buf := make([]byte, 64<<10)
	for {
		n, err := l.server.Read(buf)
		if err != nil {
			return
		}
		l.mu.Lock()
		plan, frozen := l.plan, l.frozen
		l.mu.Unlock()
		switch {
		case frozen:
			continue
		case plan == nil || plan.before:
			if _, err := l.client.Write(buf[:n]); err != nil {
				return
			}
		default:
			_, _ = l.client.Write(buf[:min(n, plan.reply)])
			close(l.done)
			if !plan.freeze {
				return
			}
			l.mu.Lock()
			l.frozen = true
			l.mu.Unlock()
			_, _ = io.Copy(io.Discard, l.server)
			return
		}
	}
}
