// Package retry has what every loop that tries again needs: a pause that a context ends, and how long it lasts. It is a leaf
// that any package may import.
package retry

import (
	"context"
	"time"
)

// first is the pause before the second try.
const first = 250 * time.Millisecond

// Sleep reports whether d has passed; false: ctx ended first.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Backoff is the pause before try n+1 (n from 1): 250 ms doubled each time, at most limit. It has no jitter: one process
// leads, so there is nobody to be out of step with.
func Backoff(n int, limit time.Duration) time.Duration {
	d := first
	for i := 1; i < n && d < limit; i++ {
		d *= 2
	}
	return min(d, limit)
}
