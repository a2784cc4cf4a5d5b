package cli

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	headroom    = 16 << 20 // bytes of garbage that may gather while much of it is made
	usual       = 100      // Go's default: as much garbage as lives
	mostGarbage = 400      // per cent; Go's smallest heap grows with it, to 16 MiB
	lookEvery   = 100 * time.Millisecond
	calmAfter   = 2 * time.Second // without a collection
)

// collector paces Go's garbage collector. So little lives here, a few MB, that by Go's own rule a burst would be
// interrupted by ten collections a second, which cost a fifth of its CPU time. While one follows another more garbage may
// gather; when it is calm again Go's rule holds, and the memory goes back.
type collector struct {
	samples []metrics.Sample
	cycles  uint64
	last    time.Time // when a collection was last seen to have happened
	percent int
}

func newCollector() *collector {
	return &collector{
		samples: []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/live:bytes"}}, percent: usual,
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
			if p := c.look(now, c.samples[0].Value.Uint64(), c.samples[1].Value.Uint64()); p != c.percent {
				c.percent = p
				debug.SetGCPercent(p)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// look decides how much garbage may gather, in per cent of what lives.
func (c *collector) look(now time.Time, cycles, live uint64) int {
	if cycles != c.cycles {
		c.cycles, c.last = cycles, now
	}
	if now.Sub(c.last) >= calmAfter {
		return usual
	}
	return int(min(max(100*headroom/max(live, 1), usual), mostGarbage))
}
