package worker

import (
	"time"

	"github.com/ottoscaler/ottoscaler/internal/retry"
)

// probeInterval is how long a parked template waits between two tries.
const probeInterval = 5 * time.Second

// parking is whether the Pods of a template may be created. After a refusal one is tried at a time, in intervals. The zero
// value is open.
type parking struct {
	since   time.Time // of the first refusal in a row; zero: not parked
	probeAt time.Time // the next try
	probing bool      // it is in flight
	refusal string    // what the API server said
}

func (p *parking) parked() bool { return !p.since.IsZero() }

// allows reports whether a Pod may be created now.
func (p *parking) allows(now time.Time) bool {
	return !p.parked() || !p.probing && !now.Before(p.probeAt)
}

// refused parks the template.
func (p *parking) refused(now time.Time, refusal string) {
	if !p.parked() {
		p.since = now
	}
	p.refusal, p.probing, p.probeAt = refusal, false, now.Add(probeInterval)
}

// probeNow allows a try now: a Pod has ended, so a quota may have capacity.
func (p *parking) probeNow(now time.Time) {
	if p.parked() && !p.probing {
		p.probeAt = now
	}
}

// wakeTime is when time alone allows a Pod; zero: never.
func (p *parking) wakeTime() time.Time {
	if !p.parked() || p.probing {
		return time.Time{}
	}
	return p.probeAt
}

// maxThrottle is the longest pause between two requests to create Pods, in all and of one slot.
const maxThrottle = 10 * time.Second

// throttle is what the API server's state allows: after an answer that asks for less nothing is sent for a while, then
// one request, and after its success as many as are allowed. The zero value is open.
type throttle struct {
	tries int
	until time.Time
}

func (t *throttle) limit(now time.Time, all int) int {
	switch {
	case t.tries == 0:
		return all
	case now.Before(t.until):
		return 0
	}
	return 1
}

// failed extends the pause; of requests that failed together the first counts.
func (t *throttle) failed(now time.Time) {
	if now.Before(t.until) {
		return
	}
	t.tries++
	t.until = now.Add(retry.Backoff(t.tries, maxThrottle))
}
