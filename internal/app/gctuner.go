package app

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	busyHeadroom = 16 << 20 // bytes that may be allocated between two collections under load
	idleHeadroom = 8 << 20  // and otherwise

	// Values of GOGC: per cent of the live heap.
	defaultGOGC  = 100
	maxGOGC      = 400 // Go's smallest heap grows with it, to 16 MiB
	minGOGC      = 25
	tuneInterval = 100 * time.Millisecond
	idleAfter    = 2 * time.Second // without two collections
)

// gcTuner adapts GOGC to the load. The live heap is a few MB, so that by Go's default rule a burst of events would cause ten
// collections a second. While collections follow each other GOGC is raised. When the process is idle again free memory is
// returned to the operating system, and a large live heap, such as that of a hundred thousand waiting events, gets less
// headroom than the default.
type gcTuner struct {
	samples      []metrics.Sample
	cycles       uint64
	last, before time.Time // when the last two collections were observed
	percent      int
	busy         bool
}

func newGCTuner() *gcTuner {
	return &gcTuner{
		// Automatic cycles only: FreeOSMemory forces cycles of its own.
		samples: []metrics.Sample{{Name: "/gc/cycles/automatic:gc-cycles"}, {Name: "/gc/heap/live:bytes"}}, percent: defaultGOGC,
	}
}

// Run tunes until ctx ends. A GOGC set by the operator is left alone.
func (g *gcTuner) Run(ctx context.Context) error {
	if configured := debug.SetGCPercent(defaultGOGC); configured != defaultGOGC {
		debug.SetGCPercent(configured)
		return nil
	}
	defer debug.SetGCPercent(defaultGOGC)
	ticker := time.NewTicker(tuneInterval)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			metrics.Read(g.samples)
			g.apply(g.decide(now, g.samples[0].Value.Uint64(), g.samples[1].Value.Uint64()))
		case <-ctx.Done():
			return nil
		}
	}
}

func (g *gcTuner) apply(percent int, busy bool) {
	if percent != g.percent {
		debug.SetGCPercent(percent)
	}
	if g.busy && !busy {
		debug.FreeOSMemory()
	}
	g.percent, g.busy = percent, busy
}

// decide returns GOGC for this many cycles so far and this live heap in bytes, and whether the process is under load.
func (g *gcTuner) decide(now time.Time, cycles, live uint64) (percent int, busy bool) {
	if n := cycles - g.cycles; n > 0 {
		g.before, g.last = g.last, now
		if n > 1 {
			g.before = now
		}
		g.cycles = cycles
	}
	live = max(live, 1)
	if now.Sub(g.before) >= idleAfter {
		return int(min(max(100*idleHeadroom/live, minGOGC), defaultGOGC)), false
	}
	return int(min(max(100*busyHeadroom/live, defaultGOGC), maxGOGC)), true
}
