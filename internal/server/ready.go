package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode"
)

const (
	checkTimeout = 3 * time.Second
	checkLife    = time.Second // how long an answer is good: whoever asks in a loop costs the neighbours nothing
	maxReason    = 512         // bytes
)

// Check is one thing that must be well before this process could act.
type Check struct {
	Name string
	Run  func(ctx context.Context) error // nil: it is well; the error is one sentence without secrets
}

// readiness answers /readyz: 200 when all checks are well, else 503 with every one and what is wrong with it. Those
// who ask at once share one pass.
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
	bad := errors.Join(errs...) != nil
	switch {
	case bad:
		text(w, http.StatusServiceUnavailable, h.list(errs)+"not ready\n")
	case r.URL.Query().Has("verbose"):
		text(w, http.StatusOK, h.list(errs)+"ready\n")
	default:
		text(w, http.StatusOK, "ok\n")
	}
}

// results are those of the last pass, if it is young enough. A pass does not end with the request that caused it:
// others wait for it.
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

// list is a line per check, in the form of Kubernetes' own components.
func (h *readiness) list(errs []error) string {
	var b strings.Builder
	for i, c := range h.checks {
		if errs[i] == nil {
			fmt.Fprintf(&b, "[+]%s ok\n", c.Name)
			continue
		}
		fmt.Fprintf(&b, "[-]%s failed: %s\n", c.Name, oneLine(errs[i].Error()))
	}
	return b.String()
}

// oneLine keeps what others wrote from looking like lines of ours.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if len(s) > maxReason {
		s = strings.ToValidUTF8(s[:maxReason], "") + "…"
	}
	return s
}
