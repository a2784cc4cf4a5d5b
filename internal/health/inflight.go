package health

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// inFlight serves a bounded number of requests of one kind at once. Another one ends the longest-running, if that runs for longer
// than such a request ever takes, else it gets 503.
type inFlight struct {
	next     http.Handler
	most     int
	patience time.Duration

	mu      sync.Mutex
	running []*running // the longest-running first
}

type running struct {
	conn  *tableConn // nil in tests without a connection
	since time.Time
}

// ServeHTTP implements http.Handler.
func (f *inFlight) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	this := &running{connOf(r), time.Now()}
	if !f.enter(this) {
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too many requests at once", http.StatusServiceUnavailable)
		return
	}
	defer f.leave(this)
	f.next.ServeHTTP(w, r)
}

func (f *inFlight) enter(r *running) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.running) >= f.most {
		if r.since.Sub(f.running[0].since) < f.patience {
			return false
		}
		if c := f.running[0].conn; c != nil {
			c.abort()
		}
		f.running = f.running[1:]
	}
	f.running = append(f.running, r)
	return true
}

func (f *inFlight) leave(r *running) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running = slices.DeleteFunc(f.running, func(other *running) bool { return other == r })
}
