package app

import (
	"testing"
	"time"
)

func TestDecideGOGC(t *testing.T) {
	const mb = 1 << 20
	at := time.Unix(1_756_659_802, 0)
	g := newGCTuner()
	for _, step := range []struct {
		what         string
		after        time.Duration
		cycles, live uint64
		want         int
		busy         bool
	}{
		{"no collection yet", 0, 0, 0, 100, false},
		{"one collection", time.Second, 1, 2 * mb, 100, false},
		{"a second one, small live heap", time.Second, 2, 2 * mb, 400, true},
		{"no more, still within two seconds", 900 * time.Millisecond, 2, 2 * mb, 400, true},
		{"idle", 200 * time.Millisecond, 2, 2 * mb, 100, false},
		{"one collection much later", time.Minute, 3, 2 * mb, 100, false},
		{"idle, large live heap", time.Minute, 3, 16 * mb, 50, false},
		{"idle, very large live heap", time.Minute, 3, 500 * mb, 25, false},
		{"several at once", time.Minute, 9, 8 * mb, 200, true},
		{"live heap as large as the headroom", time.Second, 17, 16 * mb, 100, true},
		{"live heap larger than the headroom", time.Second, 18, 50 * mb, 100, true},
		{"live heap unknown", time.Second, 19, 0, 400, true},
	} {
		at = at.Add(step.after)
		if got, busy := g.decide(at, step.cycles, step.live); got != step.want || busy != step.busy {
			t.Errorf("%s: GOGC %d, busy %v, want %d, %v", step.what, got, busy, step.want, step.busy)
		}
	}
}
