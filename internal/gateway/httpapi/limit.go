package httpapi

import (
	"net"
	"net/http"
	"sync"

	"golang.org/x/time/rate"
)

// Limits of one client, and of all.
const (
	clientRate   = 50  // requests a second of one client, in the long run
	clientBurst  = 100 // at once
	maxClients   = 10_000
	maxInFlight  = 64 // requests at once that are no event streams
	maxViewers   = 1000
	maxPerClient = 50 // viewers of one client
)

// limiter gives each client a bucket of requests.
type limiter struct {
	mu      sync.Mutex
	clients map[string]*rate.Limiter
}

func newLimiter() *limiter { return &limiter{clients: make(map[string]*rate.Limiter)} }

// allow takes a request from a client's bucket. When there are too many clients, those whose bucket is full are forgotten: they
// get a full one again. Whoever has too many clients at once that are not idle shares a bucket with all others.
func (l *limiter) allow(client string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket, known := l.clients[client]
	if !known {
		if len(l.clients) >= maxClients {
			l.forget()
		}
		if len(l.clients) >= maxClients {
			client = ""
		}
		if bucket, known = l.clients[client]; !known {
			bucket = rate.NewLimiter(clientRate, clientBurst)
			l.clients[client] = bucket
		}
	}
	return bucket.Allow()
}

func (l *limiter) forget() {
	for client, bucket := range l.clients {
		if bucket.Tokens() >= clientBurst {
			delete(l.clients, client)
		}
	}
}

// gate counts viewers, in all and by client.
type gate struct {
	mu      sync.Mutex
	all     int
	clients map[string]int
}

func newGate() *gate { return &gate{clients: make(map[string]int)} }

// enter reports whether one more viewer is within the limits; then leave is called once.
func (g *gate) enter(client string) (all int, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.all >= maxViewers || g.clients[client] >= maxPerClient {
		return g.all, false
	}
	g.all++
	g.clients[client]++
	return g.all, true
}

func (g *gate) leave(client string) (all int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all--
	if g.clients[client]--; g.clients[client] == 0 {
		delete(g.clients, client)
	}
	return g.all
}

// clientOf is who the limits of one client are for: a token, else an address.
func clientOf(r *http.Request, who *Principal) string {
	if who.Name != "" {
		return "token " + who.Name
	}
	return "address " + addressOf(r)
}

// addressOf is the client's address, as the network has it: headers of proxies can be forged.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
