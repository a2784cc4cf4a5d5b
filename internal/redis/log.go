package redis

import (
	"context"
	"fmt"
	"log/slog"

	goredis "github.com/redis/go-redis/v9"
)

// LogTo sends what go-redis itself has to say (failed dials, mostly, which come back as errors anyway) to the logger
// at debug level; without it, it writes lines of its own to stderr. It is process-wide: main calls it once, first.
func LogTo(l *slog.Logger) { goredis.SetLogger(driverLog{l}) }

type driverLog struct{ logger *slog.Logger }

func (d driverLog) Printf(ctx context.Context, format string, v ...any) {
	if d.logger.Enabled(ctx, slog.LevelDebug) {
		d.logger.DebugContext(ctx, "redis driver", "detail", fmt.Sprintf(format, v...))
	}
}
