// Package poll waits for conditions that nothing notifies about.
package poll

import (
	"context"
	"fmt"
	"time"
)

// Condition reports whether polling ends. If done, err is the result; otherwise err is the reason to continue.
type Condition func(ctx context.Context) (done bool, err error)

// Until evaluates the condition at once and then after every interval. When ctx ends first, it returns the error of the
// context together with the condition's last one.
func Until(ctx context.Context, interval time.Duration, condition Condition) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		done, err := condition(ctx)
		if done {
			return err
		}
		select {
		case <-ctx.Done():
			return timeoutError(ctx, err)
		case <-ticker.C:
		}
	}
}

func timeoutError(ctx context.Context, last error) error {
	if last == nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w (last: %w)", ctx.Err(), last)
}
