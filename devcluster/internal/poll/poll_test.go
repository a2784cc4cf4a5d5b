package poll

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestUntil(t *testing.T) {
	errMissing, errFatal := errors.New("missing"), errors.New("fatal")
	tests := map[string]struct {
		condition func(attempt int) (bool, error)
		attempts  int
		want      []error
	}{
		"done at once":           {func(int) (bool, error) { return true, nil }, 1, nil},
		"done later":             {func(n int) (bool, error) { return n == 3, nil }, 3, nil},
		"ends with an error":     {func(int) (bool, error) { return true, errFatal }, 1, []error{errFatal}},
		"timeout":                {func(int) (bool, error) { return false, nil }, 10, []error{context.DeadlineExceeded}},
		"timeout with its cause": {func(int) (bool, error) { return false, errMissing }, 10, []error{context.DeadlineExceeded, errMissing}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 9500*time.Millisecond)
				defer cancel()
				attempts := 0
				err := Until(ctx, time.Second, func(context.Context) (bool, error) {
					attempts++
					return test.condition(attempts)
				})
				if attempts != test.attempts || (err == nil) != (test.want == nil) {
					t.Errorf("%d attempts and %v, want %d and %v", attempts, err, test.attempts, test.want)
				}
				for _, want := range test.want {
					if !errors.Is(err, want) {
						t.Errorf("error %v is not %v", err, want)
					}
				}
			})
		})
	}
}
