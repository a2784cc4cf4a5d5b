package k8s

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/client-go/rest"
)

// The times of a Lease. What is written at the last moment before the renew deadline has the rest of the duration to
// arrive or to be given up (see socketTimeout), and so have clocks that run a little differently.
const (
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
	retryPeriod   = time.Second

	maxDuration = time.Hour

	renewals = 5 // within the renew deadline, when all goes well
	tries    = 3 // within the renew deadline, when the API server does not answer
)

// LeaseOptions say which Lease, for whom, and how long it lasts.
type LeaseOptions struct {
	Namespace string
	Name      string // see LeaseName
	Identity  string // see Identity
	// MaxWorkers is told on the Lease while we hold it, for people who ask: see Leader.
	MaxWorkers int

	Duration      time.Duration // how long others respect a hold that is not renewed; 0: 15 s
	RenewDeadline time.Duration // how long we act on one that is not renewed; less than Duration; 0: 10 s
	RetryPeriod   time.Duration // how often a standby looks, and a failed renewal is tried again; 0: 1 s

	Version string // ours, for the user agent
	Clock   *Clock // told the server's time with every answer; may be nil
	Logger  *slog.Logger
}

// Lease is leadership: an object in Kubernetes that one process at a time holds. Who holds it counts on its own
// monotonic clock from before it asked for the renewal; who waits counts on its own from after it saw the last one. So
// no two clocks are ever compared. Only Run is not for several goroutines.
type Lease struct {
	LeaseOptions
	store leaseStore

	mu    sync.Mutex
	uid   string
	until time.Time     // zero: not held
	lost  chan struct{} // closed when the present hold ends before its time

	// The rest belongs to Run.
	held     *coordinationv1.Lease // as our last write, or the last read of it, left it
	acquired time.Time             // marks what we wrote: another process may go by our name
	adopted  time.Time             // the mark of an earlier process of our name, found at the start
	looked   bool
	rival    rival
	troubled bool // the API server fails us, and we said so
}

// errTaken ends a hold: the object is another's, or was deleted.
var errTaken = errors.New("the Lease is not ours any more")

// ErrLost is the cause with which the context of a lead ends when its Lease may soon be another's.
var ErrLost = errors.New("the Lease is lost")

// NewLease sends nothing yet; cfg is the way to the API server, on which the Lease has a connection of its own.
func NewLease(cfg *rest.Config, o LeaseOptions) (*Lease, error) {
	o.fill()
	if o.Namespace == "" || o.Name == "" || o.Identity == "" {
		return nil, fmt.Errorf("a Lease needs a namespace, a name and an identity, got %q, %q, %q", o.Namespace, o.Name, o.Identity)
	}
	if o.RetryPeriod < 0 || o.RenewDeadline <= 2*o.RetryPeriod || o.Duration <= o.RenewDeadline || o.Duration > maxDuration {
		return nil, fmt.Errorf("a Lease of %v, renewed within %v, tried every %v: want each less than the one before, and an hour at most",
			o.Duration, o.RenewDeadline, o.RetryPeriod)
	}
	store, err := newLeaseStore(cfg, &o)
	if err != nil {
		return nil, err
	}
	return &Lease{LeaseOptions: o, store: store}, nil
}

func (o *LeaseOptions) fill() {
	for _, d := range []struct {
		value *time.Duration
		usual time.Duration
	}{{&o.Duration, leaseDuration}, {&o.RenewDeadline, renewDeadline}, {&o.RetryPeriod, retryPeriod}} {
		if *d.value == 0 {
			*d.value = d.usual
		}
	}
}

// UID identifies the Lease object while it lives, under whichever holder; empty before it was held for the first time.
func (l *Lease) UID() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.uid
}

// Until says until when, on the local monotonic clock, writes may be sent; not ok: none now.
func (l *Lease) Until() (until time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.until, time.Now().Before(l.until)
}

// Lost is closed when the present hold ends before its time. A lead that has been told to stop and finishes what is in
// flight learns from it that it must not: its context has ended already. For lead to call, once.
func (l *Lease) Lost() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// Run waits for the Lease, calls lead while it is held, releases it once lead has returned, and waits for it again.
// The context of lead ends with ctx, or, with ErrLost, in time before another may hold the Lease. Renewals go on until
// lead has returned, however long that takes after ctx has ended. Run returns ctx's error when everything has stopped.
func (l *Lease) Run(ctx context.Context, lead func(ctx context.Context)) error {
	for {
		if err := l.acquire(ctx); err != nil {
			return err
		}
		if l.term(ctx, lead) {
			pause(ctx, 2*l.RetryPeriod) // it gave up by itself: another may do better
		}
	}
}

// term is one hold; it reports whether it ended with a release.
func (l *Lease) term(ctx context.Context, lead func(context.Context)) bool {
	within, end := context.WithCancelCause(ctx)
	defer end(nil)
	l.Logger.Info("leading", "lease", l.Name, "identity", l.Identity)
	done := make(chan struct{})
	go func() {
		defer close(done)
		lead(within)
	}()
	beyond := context.WithoutCancel(ctx)
	held := l.keep(beyond, done)
	if !held {
		l.lose()
		end(ErrLost)
	}
	<-done
	if held {
		l.release(beyond)
	}
	return held
}

func (l *Lease) end() time.Time {
	until, _ := l.Until()
	return until
}

func (l *Lease) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = make(chan struct{})
}

func (l *Lease) extend(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.uid, l.until = string(l.held.UID), until
}

// stop ends the right to write; it comes before anything that lets others have the Lease.
func (l *Lease) stop() (until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	until, l.until = l.until, time.Time{}
	return until
}

func (l *Lease) lose() {
	l.stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.lost)
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
