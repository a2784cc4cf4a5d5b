package k8s

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
)

// maxInFlight stays below the 100 streams that the API server allows on one HTTP/2 connection: above that client-go dials
// ever more connections.
const maxInFlight = 96

// Guard reports until when, on the local monotonic clock, writes may be sent, and whether any may be sent now: a Lease's
// Until. What it refuses is not sent, and no request outlives its moment.
type Guard func() (until time.Time, ok bool)

// Writer is a connection for requests that change something, and for reads that must not wait behind a watch. The packages
// pods, leader and recorder begin a request with its Post, Put, Patch, Delete or Get and send it with Write or Send, never
// with the request's own Do. All its methods may be called at once.
type Writer struct {
	rest.Interface

	guard    Guard
	gate     *connGate
	inFlight chan struct{} // one slot taken by each request in flight
}

// NewWriter returns a connection of its own; nothing is sent yet. A nil guard allows every write: the Lease's own.
func (t *Transport) NewWriter(guard Guard) (*Writer, error) {
	gate := newConnGate()
	client, err := connect(gate.attach(t.cfg, newGuardedDial(guard)))
	return &Writer{Interface: client, guard: guard, gate: gate, inFlight: make(chan struct{}, maxInFlight)}, err
}

// Send sends a request without asking the guard and reads the answer into an object. Nothing is retried in here: the caller
// decides when to try again.
func (w *Writer) Send(ctx context.Context, r *rest.Request, into runtime.Object) error {
	return w.queue(ctx, func(ctx context.Context) error { return r.MaxRetries(0).Do(ctx).Into(into) })
}

// Write is Send for what changes something: the guard is asked at the last moment, and the request ends when the right to
// send it ends. ErrNotLeading: nothing was sent.
func (w *Writer) Write(ctx context.Context, r *rest.Request, read func(rest.Result) error) error {
	return w.queue(ctx, func(ctx context.Context) error {
		if w.guard != nil {
			until, ok := w.guard()
			if !ok {
				return ErrNotLeading
			}
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, until)
			defer cancel()
		}
		return read(r.MaxRetries(0).Do(ctx))
	})
}

// queue waits for a slot among the requests in flight.
func (w *Writer) queue(ctx context.Context, send func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, CallTimeout)
	defer cancel()
	select {
	case w.inFlight <- struct{}{}:
		defer func() { <-w.inFlight }()
		return w.gate.pass(ctx, send)
	case <-ctx.Done():
		return ctx.Err()
	}
}
