package worker

import (
	"log/slog"
	"testing"
	"time"
	"unsafe"
)

// moved is the same moment on the monotonic clock, as a wall clock that was off by so many seconds would have named it.
// Nothing but a change of the machine's own clock makes two times differ like this, so it is written into the time itself.
func moved(t *testing.T, at time.Time, by time.Duration) time.Time {
	t.Helper()
	off := at
	wall := (*uint64)(unsafe.Pointer(&off)) // package time lays the wall clock out first: seconds above 30 bits
	*wall += uint64(by/time.Second) << 30   // wraps around for what is negative
	if off.Sub(at) != 0 || off.Round(0).Sub(at.Round(0)) != by {
		t.Fatalf("package time has another layout: %v and %v", at, off)
	}
	return off
}

// TestClockJumps: somebody sets the machine's clock during a term. The core's only runs forward, from what the API server's
// clock was at the term's beginning.
func TestClockJumps(t *testing.T) {
	const jump, soon = time.Hour, 30 * time.Minute
	for name, by := range map[string]time.Duration{"not at all": 0, "forward": jump, "backward": -jump} {
		for _, skew := range []time.Duration{0, -2 * jump} {
			t.Run(name, func(t *testing.T) {
				set := testSettings()
				set.Skew = skew
				m := NewManager(nil, nil, nil, set, Carryover{}, slog.New(slog.DiscardHandler))
				m.began = moved(t, m.began, -by) // since then the clock has jumped by that
				begin := m.began.Round(0).Add(skew)
				first := m.now()
				if d := first.Sub(begin); d < 0 || d > soon {
					t.Errorf("%v after the term's beginning, by its clock", d)
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
