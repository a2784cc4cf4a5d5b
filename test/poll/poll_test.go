package poll

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestUntil(t *testing.T) {
	notYet := errors.New("not yet")
	tests := []struct {
		name    string
		tries   int // after which try succeeds
		limit   time.Duration
		want    error
		elapsed time.Duration
	}{
		{"at once", 1, time.Minute, nil, 0},
		{"after pauses", 3, time.Minute, nil, 2 * time.Second},
		{"never", 100, 90 * time.Second, notYet, 90 * time.Second},
		{"one try without time", 1, 0, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.limit)
				defer cancel()
				began, n := time.Now(), 0
				err := Until(ctx, time.Second, func() error {
					if n++; n == tt.tries {
						return nil
					}
					return notYet
				})
				if !errors.Is(err, tt.want) || time.Since(began) != tt.elapsed {
					t.Errorf("got %v after %v, want %v after %v", err, time.Since(began), tt.want, tt.elapsed)
				}
			})
		})
	}
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if !Sleep(ctx, time.Millisecond) {
			t.Error("the context ended early")
		}
		if Sleep(ctx, time.Hour) || ctx.Err() == nil {
			t.Error("the end of the context did not end the sleep")
		}
	})
}
