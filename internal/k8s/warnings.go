package k8s

import (
	"context"
	"log/slog"
	"sync"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

// maxWarnings bounds how many different warnings are remembered.
const maxWarnings = 100

// warnings logs each warning of the API server once: it comes again with every Pod.
type warnings struct {
	log  *slog.Logger
	mu   sync.Mutex
	seen map[string]bool
}

func newWarnings(log *slog.Logger) *warnings {
	return &warnings{log: log, seen: make(map[string]bool)}
}

// HandleWarningHeaderWithContext implements rest.WarningHandlerWithContext. 299 is the only code of a warning.
func (w *warnings) HandleWarningHeaderWithContext(_ context.Context, code int, _, warning string) {
	warning = text.Line(warning, maxMessage)
	if code == 299 && warning != "" && w.isNew(warning) {
		errcode.Warn(w.log, errcode.APIWarning, "warning", warning)
	}
}

func (w *warnings) isNew(warning string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen[warning] || len(w.seen) >= maxWarnings {
		return false
	}
	w.seen[warning] = true
	return true
}
