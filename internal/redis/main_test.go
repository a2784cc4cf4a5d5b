package redis

import (
	"log/slog"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	LogTo(slog.New(slog.DiscardHandler))
	// After a failed dial go-redis looks again once a second; a closed pool's look ends with the second.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}
