package main

import (
	"context"
	"fmt"
	"time"

	"github.com/ottoscaler/ottoscaler/test/poll"
)

const pollPause = 50 * time.Millisecond

// waitFor polls until try succeeds, ctx ends or the limit is over; the error then says what it waited for.
func waitFor(ctx context.Context, what string, limit time.Duration, try func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := poll.Until(limited, pollPause, func() error { return try(limited) })
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return fmt.Errorf("waited %s for %s: %w", limit, what, err)
}

// formatDuration is a duration for people: milliseconds below a second.
func formatDuration(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
