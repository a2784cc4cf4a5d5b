package cli

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"

	"github.com/ottoscaler/ottoscaler/internal/config"
)

// newLogger logs text on a terminal and JSON elsewhere, unless the format is configured.
func newLogger(w io.Writer, c config.Process) *slog.Logger {
	if c.LogFormat == "text" || c.LogFormat == "auto" && isTerminal(w) {
		return slog.New(tint.NewTextHandler(w, &tint.Options{
			Level: c.LogLevel, TimeFormat: time.TimeOnly + ".000", NoColor: !isTerminal(w),
		}))
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: c.LogLevel}))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
