package k8s

import (
	"net/http"
	"sync"
	"time"
)

const (
	sampleLife = 5 * time.Minute // after which a worse sample is better than an old one
	resolution = time.Second     // of the Date header
	minSkew    = 2 * time.Second // a smaller value may be the header's resolution
)

// Clock compares the API server's clock with the local one. It learns from the Date header of every answer, and uses the
// sample with the shortest round trip. The zero value is ready; all methods may be called at once. The daemon gives one to
// the packages pods, leader and recorder.
type Clock struct {
	mu        sync.Mutex
	skew      time.Duration
	roundTrip time.Duration
	taken     time.Time // zero: no sample yet
}

// Skew is the API server's clock minus the local one; 0 as long as the difference is less than two seconds, or not known.
func (c *Clock) Skew() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.skew.Abs() < minSkew {
		return 0
	}
	return c.skew
}

// learn takes a sample from one answer. The header is cut to the second and was written at some moment of the round trip: the
// middle of both is the best guess.
func (c *Clock) learn(date, sent, received time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	roundTrip := received.Sub(sent)
	if !c.taken.IsZero() && roundTrip > c.roundTrip && received.Sub(c.taken) < sampleLife {
		return
	}
	middle := sent.Add(roundTrip / 2).Round(0) // without the monotonic clock: the wall clock is compared
	c.skew, c.roundTrip, c.taken = date.Add(resolution/2).Sub(middle), roundTrip, received
}

// wrap is for a rest.Config: it sees every answer.
func (c *Clock) wrap(next http.RoundTripper) http.RoundTripper { return &timedTransport{c, next} }

type timedTransport struct {
	clock *Clock
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t *timedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
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

// WrappedRoundTripper lets client-go unwrap the transport.
func (t *timedTransport) WrappedRoundTripper() http.RoundTripper { return t.next }

// Seconds rounds up: Kubernetes takes no deadline of 0. The packages templates, pods and leader call it.
func Seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
