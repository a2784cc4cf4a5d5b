package worker

import (
	"log/slog"
	"testing"
	"time"
	"unsafe"
)

// moveWallClock changes the wall clock reading of a time and keeps its monotonic reading, as a change of the machine's
// clock does. No API can do that, so the reading is written into the time itself.
func moveWallClock(t *testing.T, at time.Time, by time.Duration) time.Time {
	t.Helper()
	off := at
	wall := (*uint64)(unsafe.Pointer(&off)) // the first field is the wall clock: seconds above 30 bits
	*wall += uint64(by/time.Second) << 30   // wraps around when by is negative
	if off.Sub(at) != 0 || off.Round(0).Sub(at.Round(0)) != by {
		t.Fatalf("package time has another layout: %v and %v", at, off)
	}
	return off
}

// TestClockJumps: the machine's clock is set during a term. The core's clock starts at the API server's time and only runs
// forward.
func TestClockJumps(t *testing.T) {
	const jump, limit = time.Hour, 30 * time.Minute
	for name, by := range map[string]time.Duration{"no jump": 0, "forward": jump, "backward": -jump} {
		for _, skew := range []time.Duration{0, -2 * jump} {
			t.Run(name, func(t *testing.T) {
				set := testSettings()
				set.Skew = skew
				m := NewManager(Ports{}, set, Carryover{}, slog.New(slog.DiscardHandler))
				m.began = moveWallClock(t, m.began, -by) // the clock has jumped by that since
				begin := m.began.Round(0).Add(skew)
				first := m.now()
				if d := first.Sub(begin); d < 0 || d > limit {
					t.Errorf("%v after the start of the term", d)
				}
				for range 1000 {
					next := m.now()
					if next.Before(first) {
						t.Fatalf("%v, then %v", first, next)
					}
					first = next
				}
			})
		}
	}
}
