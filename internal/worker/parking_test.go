package worker

import (
	"testing"
	"time"
)

func TestParking(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	soon, probe := now.Add(time.Second), now.Add(probeInterval)
	refused := func(p *parking) { p.refused(now, "quota") }
	probing := func(p *parking) { p.probing = true }
	noAnswer := func(p *parking) { p.probing = false }
	podEnded := func(p *parking) { p.probeNow(soon) }
	for name, c := range map[string]struct {
		do     []func(*parking)
		at     time.Time
		allows bool
		wake   time.Time
	}{
		"open":                      {nil, now, true, time.Time{}},
		"a Pod ends while open":     {[]func(*parking){podEnded}, now, true, time.Time{}},
		"refused":                   {[]func(*parking){refused}, probe.Add(-1), false, probe},
		"refused, interval over":    {[]func(*parking){refused}, probe, true, probe},
		"probe in flight":           {[]func(*parking){refused, probing}, now.Add(time.Hour), false, time.Time{}},
		"probe refused":             {[]func(*parking){refused, probing, refused}, probe, true, probe},
		"a Pod ends while parked":   {[]func(*parking){refused, podEnded}, soon, true, soon},
		"a Pod ends while probing":  {[]func(*parking){refused, probing, podEnded}, soon, false, time.Time{}},
		"a Pod ended while probing": {[]func(*parking){refused, probing, podEnded, noAnswer}, soon, false, probe},
	} {
		t.Run(name, func(t *testing.T) {
			var p parking
			for _, do := range c.do {
				do(&p)
			}
			if got := p.allows(c.at); got != c.allows {
				t.Errorf("allows %v, want %v", got, c.allows)
			}
			if got := p.wakeTime(); !got.Equal(c.wake) {
				t.Errorf("wake time %v, want %v", got, c.wake)
			}
		})
	}
}

// TestParkingSince: the pending timeout counts from the first refusal in a row; the message is the last one.
func TestParkingSince(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	var p parking
	p.refused(now, "quota")
	p.refused(now.Add(time.Minute), "admission")
	if !p.since.Equal(now) || p.refusal != "admission" {
		t.Errorf("parked since %v for %q, want %v for admission", p.since, p.refusal, now)
	}
}

func TestThrottle(t *testing.T) {
	const all = 7
	now := time.Unix(1_700_000_000, 0)
	var open, once, together, twice throttle
	once.failed(now)
	together.failed(now)
	together.failed(now.Add(100 * time.Millisecond)) // of requests that failed together the first counts
	twice.failed(now)
	twice.failed(now.Add(time.Second))
	for name, c := range map[string]struct {
		throttle throttle
		after    time.Duration
		want     int
	}{
		"no failure":                  {open, 0, all},
		"paused":                      {once, 249 * time.Millisecond, 0},
		"one request after the pause": {once, 250 * time.Millisecond, 1},
		"failed together":             {together, 250 * time.Millisecond, 1},
		"the pause doubles":           {twice, 1499 * time.Millisecond, 0},
		"after the second pause":      {twice, 1500 * time.Millisecond, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.throttle.limit(now.Add(c.after), all); got != c.want {
				t.Errorf("limit %d, want %d", got, c.want)
			}
		})
	}
}

func TestThrottlePauseIsBounded(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	var th throttle
	for range 20 {
		now = later(now, th.until)
		th.failed(now)
	}
	if pause := th.until.Sub(now); pause != maxThrottle {
		t.Errorf("pause %v, want %v", pause, maxThrottle)
	}
}
