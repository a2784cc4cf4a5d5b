package k8s

import (
	"net/http"
	"sync"
	"time"
)

const (
	sampleLife = 5 * time.Minute // after which a worse sample is better than an old one
	resolution = time.Second     // of the Date header
	leastSkew  = 2 * time.Second // below this the header cannot tell a skew from its own resolution
)

// Clock compares the API server's clock with ours. It learns from the Date header of every answer, and believes the
// one with the shortest way. The zero value is ready; all methods may be called at once.
type Clock struct {
	mu    sync.Mutex
	skew  time.Duration
	trip  time.Duration
	taken time.Time // zero: nothing learnt yet
}

// Skew is the API server's clock minus ours; 0 as long as the difference is less than two seconds, or not known.
func (c *Clock) Skew() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.skew.Abs() < leastSkew {
		return 0
	}
	return c.skew
}

// learn takes in one answer. The header is cut to the second and was written somewhere on the way: the middle of both
// is the best guess.
func (c *Clock) learn(date, sent, received time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	trip := received.Sub(sent)
	if !c.taken.IsZero() && trip > c.trip && received.Sub(c.taken) < sampleLife {
		return
	}
	middle := sent.Add(trip / 2).Round(0) // off the monotonic clock, on to the one people read
	c.skew, c.trip, c.taken = date.Add(resolution/2).Sub(middle), trip, received
}

// wrap is a rest.Config's: it sees every answer on its way.
func (c *Clock) wrap(next http.RoundTripper) http.RoundTripper { return &timed{c, next} }

type timed struct {
	clock *Clock
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *timed) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := time.Now()
	response, err := t.next.RoundTrip(r)
	if err != nil {
		return response, err
	}
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		t.clock.learn(date, sent, time.Now())
	}
	return response, nil
}

// WrappedRoundTripper lets client-go look through to the transport.
func (t *timed) WrappedRoundTripper() http.RoundTripper { return t.next }
