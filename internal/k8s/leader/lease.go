package leader

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/retry"
)

// The times of a Lease. What is sent at the last moment before the renew deadline has the rest of the duration to arrive or to
// be discarded (see k8s.SocketTimeout), and clocks that run at slightly different rates have it, too.
const (
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
	retryPeriod   = time.Second

	maxDuration = time.Hour

	renewals = 5 // within the renew deadline, when none fails
	tries    = 3 // within the renew deadline, when the API server does not answer
)

// Options say which Lease, for whom, and how long it lasts.
type Options struct {
	Namespace string
	Name      string // see LeaseName
	Identity  string // see Identity
	// MaxWorkers is written on the Lease while it is held, for commands: see Read.
	MaxWorkers int

	Duration      time.Duration // how long others respect a Lease that is not renewed; 0: 15 s
	RenewDeadline time.Duration // how long the leader acts on a Lease that is not renewed; less than Duration; 0: 10 s
	RetryPeriod   time.Duration // between two reads of a standby, and before a failed renewal is retried; 0: 1 s

	Version string     // of this program, for the user agent
	Clock   *k8s.Clock // learns the server's time from every answer; may be nil
	Logger  *slog.Logger
}

// Lease is leadership: an object in Kubernetes that one process at a time holds. All its methods but Run may be called by
// several goroutines.
type Lease struct {
	Options

	store leaseStore

	mu    sync.Mutex
	uid   string
	until time.Time     // zero: not held
	lost  chan struct{} // closed when the present hold ends before its time

	// The fields below belong to Run.
	held        *coordinationv1.Lease // as the last write, or the last read of it, left it
	acquired    time.Time             // identifies what this process wrote: another may have the same identity
	inherited   time.Time             // the acquire time of an earlier process of this identity, found by the first read
	wasRead     bool
	other       observedLease
	unavailable bool // the API server fails, and that is logged
}

// errTaken ends a hold: another process took the object, or it was deleted.
var errTaken = errors.New("the Lease is held by another process or deleted")

// ErrLost is the cause with which the context of a leader ends when another process may soon hold the Lease.
var ErrLost = errors.New("the Lease is lost")

// New sends nothing yet; the Lease has a connection of its own. The daemon calls it when leader election is on.
func New(access *rest.Config, o Options) (*Lease, error) {
	o.setDefaults()
	if o.Namespace == "" || o.Name == "" || o.Identity == "" {
		return nil, fmt.Errorf("a Lease needs a namespace, a name and an identity, got %q, %q, %q", o.Namespace, o.Name, o.Identity)
	}
	if o.RetryPeriod < 0 || o.RenewDeadline <= 2*o.RetryPeriod || o.Duration <= o.RenewDeadline || o.Duration > maxDuration {
		return nil, fmt.Errorf("a Lease of %v, renewed within %v, retried every %v: want each less than the one before, and an hour at most",
			o.Duration, o.RenewDeadline, o.RetryPeriod)
	}
	store, err := newAPIStore(access, &o)
	if err != nil {
		return nil, err
	}
	return &Lease{Options: o, store: store}, nil
}

func (o *Options) setDefaults() {
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{{&o.Duration, leaseDuration}, {&o.RenewDeadline, renewDeadline}, {&o.RetryPeriod, retryPeriod}} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
}

// UID identifies the Lease object while it exists, whoever holds it; empty before it was held for the first time.
func (l *Lease) UID() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.uid
}

// Until is a k8s.Guard: it reports until when, on the local monotonic clock, writes may be sent; not ok: none now.
func (l *Lease) Until() (until time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.until, time.Now().Before(l.until)
}

// Lost is closed when the present hold ends before its time. A leader that was told to stop and finishes what is in flight
// must then abort it: its context has ended already. The lead function calls it once.
func (l *Lease) Lost() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// Run waits for the Lease, calls lead while it is held, releases it once lead has returned, and waits for it again.
// The context of lead ends with ctx, or, with ErrLost, in time before another process may hold the Lease. Renewals go on until
// lead has returned, however long that takes after ctx has ended. Run returns ctx's error when everything has stopped.
func (l *Lease) Run(ctx context.Context, lead func(ctx context.Context)) error {
	for {
		if err := l.acquire(ctx); err != nil {
			return err
		}
		if l.hold(ctx, lead) {
			retry.Sleep(ctx, 2*l.RetryPeriod) // lead returned by itself: another process may do better
		}
	}
}

// hold calls lead while the Lease is held; it reports whether that ended with a release.
func (l *Lease) hold(ctx context.Context, lead func(context.Context)) bool {
	leading, end := context.WithCancelCause(ctx)
	defer end(nil)
	l.Logger.Info("became leader", "lease", l.Name, "identity", l.Identity)
	done := make(chan struct{})
	go func() {
		defer close(done)
		lead(leading)
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
