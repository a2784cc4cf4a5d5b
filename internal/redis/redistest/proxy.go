package redistest

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy is a proxy to Redis that can break what passes: a reply at any byte, after the command was executed, or a request on
// its way.
type Proxy struct {
	Addr string // host:port

	listener net.Listener
	done     chan struct{}
	group    sync.WaitGroup

	mu      sync.Mutex
	target  string
	reply   func(command string, reply []byte) Reply // called with mu held
	request func(command string) time.Duration       // called with mu held
	conns   map[net.Conn]bool
}

// Reply is what becomes of one reply.
type Reply struct {
	Break bool          // only the first Keep bytes are forwarded, then the connection breaks
	Keep  int           // as many as there are, at most
	Hang  bool          // with Break: instead of breaking, the connection stays open and forwards nothing any more
	Delay time.Duration // before anything of it is forwarded
}

// NewProxy starts a proxy to a Redis; it is closed with the test.
func NewProxy(t testing.TB, to string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{
		Addr: listener.Addr().String(), listener: listener, done: make(chan struct{}), target: to, conns: make(map[net.Conn]bool),
	}
	p.Pass()
	p.group.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

// Replies calls decide with each complete reply, after Redis executed the command.
func (p *Proxy) Replies(decide func(command string, reply []byte) Reply) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reply = decide
}

// Requests calls decide with each request, which is then held for that long, whatever becomes of the client meanwhile.
func (p *Proxy) Requests(decide func(command string) time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.request = decide
}

// Pass ends what Replies and Requests began.
func (p *Proxy) Pass() {
	p.Replies(func(string, []byte) Reply { return Reply{} })
	p.Requests(func(string) time.Duration { return 0 })
}

// BreakOnce calls cut with each complete reply, until cut returns how many bytes of it to forward before the connection
// breaks; below zero: all, and the connection stays. It returns after the break.
func (p *Proxy) BreakOnce(cut func(command string, reply []byte) int) {
	broken := make(chan struct{})
	over := false
	p.Replies(func(command string, reply []byte) Reply {
		if over {
			return Reply{}
		}
		n := cut(command, reply)
		if over = n >= 0; over {
			close(broken)
		}
		return Reply{Break: over, Keep: n}
	})
	<-broken
}

// Switch breaks all connections and forwards new ones to another Redis, as a failover does.
func (p *Proxy) Switch(to string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = to
	for c := range p.conns {
		_ = c.Close()
	}
}

func (p *Proxy) close() {
	_ = p.listener.Close()
	close(p.done)
	p.Switch("")
	p.group.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			p.mu.Unlock()
			continue
		}
		p.conns[client], p.conns[server] = true, true
		p.mu.Unlock()
		l := link{proxy: p, client: client, server: server, commands: make(chan string, 1<<16)} // more than any pipeline has
		p.group.Go(l.forwardRequests)
		p.group.Go(func() { defer p.drop(client, server); l.forwardReplies() })
	}
}

func (p *Proxy) drop(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
		delete(p.conns, c)
	}
}

// hold reports whether d has passed; false: the proxy was closed first.
func (p *Proxy) hold(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	select {
	case <-time.After(d):
		return true
	case <-p.done:
		return false
	}
}
