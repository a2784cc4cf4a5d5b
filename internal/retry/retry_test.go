package retry_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/retry"
)

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if !retry.Sleep(t.Context(), time.Minute) || time.Since(began) != time.Minute {
			t.Errorf("slept %v, want a minute", time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		if retry.Sleep(ctx, time.Minute) || time.Since(began) != time.Second {
			t.Errorf("slept %v, want the second that the context lasts", time.Since(began))
		}
	})
}

func TestBackoff(t *testing.T) {
	for n, want := range map[int]time.Duration{
		0: 250 * time.Millisecond, 1: 250 * time.Millisecond, 2: 500 * time.Millisecond, 5: 4 * time.Second,
		6: 5 * time.Second, 1 << 40: 5 * time.Second,
	} {
		if got := retry.Backoff(n, 5*time.Second); got != want {
			t.Errorf("try %d: got %v, want %v", n, got, want)
		}
	}
}

func ExampleBackoff() {
	for n := 1; n <= 7; n++ {
		fmt.Print(retry.Backoff(n, 10*time.Second), " ")
	}
	// Output: 250ms 500ms 1s 2s 4s 8s 10s
}
