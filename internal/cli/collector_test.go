package cli

import (
	"testing"
	"time"
)

func TestHowMuchGarbageMayGather(t *testing.T) {
	const mb = 1 << 20
	at := time.Unix(1_756_659_802, 0)
	c := newCollector()
	for _, step := range []struct {
		what         string
		after        time.Duration
		cycles, live uint64
		want         int
		busy         bool
	}{
		{"nothing was collected yet", 0, 0, 0, 100, false},
		{"a single collection", time.Second, 1, 2 * mb, 100, false},
		{"another, and little lives", time.Second, 2, 2 * mb, 400, true},
		{"none since, but not for long", 900 * time.Millisecond, 2, 2 * mb, 400, true},
		{"calm", 200 * time.Millisecond, 2, 2 * mb, 100, false},
		{"a single one much later", time.Minute, 3, 2 * mb, 100, false},
		{"calm, and much lives", time.Minute, 3, 16 * mb, 50, false},
		{"calm, and very much lives", time.Minute, 3, 500 * mb, 25, false},
		{"several at once", time.Minute, 9, 8 * mb, 200, true},
		{"as much lives as may gather", time.Second, 17, 16 * mb, 100, true},
		{"more lives", time.Second, 18, 50 * mb, 100, true},
		{"nothing is known of what lives", time.Second, 19, 0, 400, true},
	} {
		at = at.Add(step.after)
		if got, busy := c.look(at, step.cycles, step.live); got != step.want || busy != step.busy {
			t.Errorf("%s: %d per cent, busy %v, want %d, %v", step.what, got, busy, step.want, step.busy)
		}
	}
}
