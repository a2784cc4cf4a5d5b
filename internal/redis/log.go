package redis

import (
	"context"
	"fmt"
	"log/slog"

	goredis "github.com/redis/go-redis/v9"
)

// LogTo sends go-redis' own log lines (mostly failed dials, which are returned as errors too) to the logger at debug
// level; without it they go to stderr. It is process-wide: the composition root calls it once, first.
func LogTo(l *slog.Logger) { goredis.SetLogger(driverLog{l}) }

type driverLog struct{ logger *slog.Logger }

func (d driverLog) Printf(ctx context.Context, format string, v ...any) {
	if d.logger.Enabled(ctx, slog.LevelDebug) {
		d.logger.DebugContext(ctx, "redis driver", "detail", fmt.Sprintf(format, v...))
	}
}
