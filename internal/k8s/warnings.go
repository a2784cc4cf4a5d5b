package k8s

import (
	"context"
	"log/slog"
	"sync"
)

// maxWarnings bounds how many different ones are remembered.
const maxWarnings = 100

// warnings logs each warning of the API server once: it repeats itself with every Pod.
type warnings struct {
	log  *slog.Logger
	mu   sync.Mutex
	seen map[string]bool
}

func newWarnings(log *slog.Logger) *warnings {
	return &warnings{log: log, seen: make(map[string]bool)}
}

// HandleWarningHeaderWithContext implements rest.WarningHandlerWithContext. 299 is the only code that means one.
func (w *warnings) HandleWarningHeaderWithContext(_ context.Context, code int, _, text string) {
	text = line(text, maxMessage)
	if code == 299 && text != "" && w.isNew(text) {
		w.log.Warn("the API server warns", "warning", text)
	}
}

func (w *warnings) isNew(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen[text] || len(w.seen) >= maxWarnings {
		return false
	}
	w.seen[text] = true
	return true
}
