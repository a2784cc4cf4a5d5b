// Package poll waits for conditions and times, for the tests and programs that run real parts.
package poll

import (
	"context"
	"time"
)

// Until calls try, with pauses between, until it returns nil. When ctx ends first, it returns the last error of try.
func Until(ctx context.Context, pause time.Duration, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		if !Sleep(ctx, pause) {
			return err
		}
	}
}

// Sleep returns after d, or when ctx ends; it reports whether ctx lasted.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
