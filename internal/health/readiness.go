package health

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

const (
	checkTimeout = 3 * time.Second
	checkLife    = time.Second // how long a result is reused: a client that polls in a loop puts no load on Redis or the API server
	maxError     = 512         // bytes
)

// Check is one condition that must hold before this process could act.
type Check struct {
	Name string
	Run  func(ctx context.Context) error // nil: healthy; the error is one sentence without secrets
}

// readiness serves /readyz: 200 when all checks pass, else 503 with every check and its error. Requests that come at once
// share one pass.
type readiness struct {
	checks []Check

	mu   sync.Mutex
	last *pass // nil: none yet
}

// pass is one run of all checks. It does not end with the request that began it: other requests wait for it.
type pass struct {
	done chan struct{} // closed when the rest is set
	at   time.Time
	errs []error
}

func newReadiness(checks []Check) *readiness { return &readiness{checks: checks} }

// ServeHTTP implements http.Handler.
func (h *readiness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	errs := h.results()
	switch {
	case errors.Join(errs...) != nil:
		respond(w, http.StatusServiceUnavailable, h.list(errs)+"not ready\n")
	case r.URL.Query().Has("verbose"):
		respond(w, http.StatusOK, h.list(errs)+"ready\n")
	default:
		respond(w, http.StatusOK, "ok\n")
	}
}

// results are those of the last pass while it runs or is fresh, else those of a new one.
func (h *readiness) results() []error {
	p, begins := h.current()
	if begins {
		p.run(h.checks)
	}
	<-p.done
	return p.errs
}

func (h *readiness) current() (p *pass, begins bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last != nil && !h.last.stale() {
		return h.last, false
	}
	h.last = &pass{done: make(chan struct{})}
	return h.last, true
}

func (p *pass) stale() bool {
	select {
	case <-p.done:
		return time.Since(p.at) > checkLife
	default:
		return false
	}
}

func (p *pass) run(checks []Check) {
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	p.errs = make([]error, len(checks))
	var all sync.WaitGroup
	for i, c := range checks {
		all.Go(func() { p.errs[i] = c.Run(ctx) })
	}
	all.Wait()
	p.at = time.Now()
	close(p.done)
}

// list is one line per check, in the format of Kubernetes' own components.
func (h *readiness) list(errs []error) string {
	var b strings.Builder
	for i, c := range h.checks {
		if errs[i] == nil {
			fmt.Fprintf(&b, "[+]%s ok\n", c.Name)
			continue
		}
		fmt.Fprintf(&b, "[-]%s failed: %s\n", c.Name, text.Ellipsis(text.Printable(errs[i].Error()), maxError))
	}
	return b.String()
}
