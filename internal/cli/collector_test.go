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
	}{
		{"nothing was collected yet", 0, 0, 0, 100},
		{"a collection, and little lives", time.Second, 1, 2 * mb, 400},
		{"none since, but not for long", time.Second, 1, 2 * mb, 400},
		{"calm", time.Second, 1, 2 * mb, 100},
		{"busy again", time.Second, 9, 8 * mb, 200},
		{"as much lives as may gather", time.Second, 17, 16 * mb, 100},
		{"more lives", time.Second, 18, 50 * mb, 100},
		{"nothing is known of what lives", time.Second, 19, 0, 400},
	} {
		at = at.Add(step.after)
		if got := c.look(at, step.cycles, step.live); got != step.want {
			t.Errorf("%s: %d per cent, want %d", step.what, got, step.want)
		}
	}
}
