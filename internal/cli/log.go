package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"
	"k8s.io/klog/v2"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/trouble"
)

// newLogger logs text for people on a terminal and JSON lines for programs elsewhere, unless the format is chosen.
func newLogger(w io.Writer, c config.Process) *slog.Logger {
	if c.LogFormat == "text" || c.LogFormat == "auto" && isTerminal(w) {
		return slog.New(coded{tint.NewTextHandler(w, &tint.Options{
			Level: c.LogLevel, TimeFormat: time.TimeOnly + ".000", NoColor: !isTerminal(w),
		})})
	}
	return slog.New(coded{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: c.LogLevel})})
}

// coded adds its code to what is said of a trouble: those who log know nothing of codes.
type coded struct{ slog.Handler }

// Handle implements slog.Handler.
func (h coded) Handle(ctx context.Context, r slog.Record) error {
	if t, is := trouble.Of(r.Message); is && r.Level >= slog.LevelWarn {
		r = r.Clone()
		r.AddAttrs(slog.String("code", t.Code))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h coded) WithAttrs(attrs []slog.Attr) slog.Handler { return coded{h.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (h coded) WithGroup(name string) slog.Handler { return coded{h.Handler.WithGroup(name)} }

// fail says what kind of trouble an error is; nil stays nil.
func fail(message string, err error) error {
	if err == nil {
		return nil
	}
	t, _ := trouble.Of(message)
	return fmt.Errorf("%s: %w", t, err)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// routeKlog sends what client-go logs through ours. It is process-wide, so the composition root alone calls it.
func routeKlog(log *slog.Logger) {
	klog.SetSlogLogger(log.With("from", "client-go"))
}
