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
	at   time.Time // of the last pass; zero: none yet
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

// results are those of the last pass while they are fresh. A pass does not end with the request that began it: other
// requests wait for it.
func (h *readiness) results() []error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.at.IsZero() || time.Since(h.at) > checkLife {
		ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
		defer cancel()
		h.errs, h.at = h.pass(ctx), time.Now()
	}
	return h.errs
}

func (h *readiness) pass(ctx context.Context) []error {
	errs := make([]error, len(h.checks))
	var all sync.WaitGroup
	for i, c := range h.checks {
		all.Go(func() { errs[i] = c.Run(ctx) })
	}
	all.Wait()
	return errs
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
