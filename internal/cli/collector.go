package cli

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	busyRoom = 16 << 20 // bytes of garbage that may gather while much of it is made
	calmRoom = 8 << 20  // and otherwise

	// Per cent of what lives.
	usual        = 100 // Go's default
	mostGarbage  = 400 // Go's smallest heap grows with it, to 16 MiB
	leastGarbage = 25
	lookEvery    = 100 * time.Millisecond
	calmAfter    = 2 * time.Second // without two collections
)

// collector paces Go's garbage collector. So little lives here, a few MB, that by Go's own rule a burst would be
// interrupted by ten collections a second. While one follows another more garbage may
// gather. When it is calm again the memory goes back, and of much that lives, such as a hundred thousand waiting events, less
// garbage may gather than Go's rule allows.
type collector struct {
	samples      []metrics.Sample
	cycles       uint64
	last, before time.Time // when the last two collections were seen to have happened
	percent      int
	busy         bool
}

func newCollector() *collector {
	return &collector{
		// Those that Go began by itself: the one that gives memory back is none of them.
		samples: []metrics.Sample{{Name: "/gc/cycles/automatic:gc-cycles"}, {Name: "/gc/heap/live:bytes"}}, percent: usual,
	}
}

// Run paces until ctx is done. Whoever has set GOGC is left what he wants.
func (c *collector) Run(ctx context.Context) error {
	if was := debug.SetGCPercent(usual); was != usual {
		debug.SetGCPercent(was)
		return nil
	}
	defer debug.SetGCPercent(usual)
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			metrics.Read(c.samples)
			c.pace(c.look(now, c.samples[0].Value.Uint64(), c.samples[1].Value.Uint64()))
		case <-ctx.Done():
			return nil
		}
	}
}

func (c *collector) pace(percent int, busy bool) {
	if percent != c.percent {
		debug.SetGCPercent(percent)
	}
	if c.busy && !busy {
		debug.FreeOSMemory()
	}
	c.percent, c.busy = percent, busy
}

// look decides how much garbage may gather, in per cent of what lives, and whether much of it is made.
func (c *collector) look(now time.Time, cycles, live uint64) (percent int, busy bool) {
	if n := cycles - c.cycles; n > 0 {
		c.before, c.last = c.last, now
		if n > 1 {
			c.before = now
		}
		c.cycles = cycles
	}
	live = max(live, 1)
	if now.Sub(c.before) >= calmAfter {
		return int(min(max(100*calmRoom/live, leastGarbage), usual)), false
	}
	return int(min(max(100*busyRoom/live, usual), mostGarbage)), true
}
