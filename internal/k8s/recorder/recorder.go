package recorder

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/kubeevents"
)

const (
	minInterval  = 10 * time.Second // between two requests for one series
	seriesExpiry = 30 * time.Minute // without a notice; the next one begins a new Event
	maxSeries    = 64               // at once; more would be unreadable

	pauseForbidden  = 5 * time.Minute // after a request that was denied
	pauseFailed     = 30 * time.Second
	pauseNotLeading = time.Second // the Lease may be renewed by then
)

// Options say what Events are about and who writes them.
type Options struct {
	Namespace  string // of the Events and of what they are about
	Deployment string // what they are about; empty: the Pod
	Pod        string // this process's; empty without a Deployment: nothing is written
	Identity   string // see leader.Identity

	Version string     // of this program, for the user agent
	Clock   *k8s.Clock // the API server's; may be nil
	Guard   k8s.Guard
	Logger  *slog.Logger
}

// Recorder is the kubeevents.Recorder of a real Kubernetes. Record may be called by several goroutines.
type Recorder struct {
	Options

	store eventStore
	wake  chan struct{}

	mu            sync.Mutex
	series        map[string]*series // nil: this process does not lead
	pausedUntil   time.Time          // nothing is sent before
	failureLogged bool
}

var _ kubeevents.Recorder = (*Recorder)(nil)

// New sends nothing yet. The connection is the Recorder's own, and opened with the first Event. The daemon calls it.
func New(access *rest.Config, o Options) (*Recorder, error) {
	store, err := newAPIStore(access, &o)
	if err != nil {
		return nil, err
	}
	return &Recorder{Options: o, store: store, wake: make(chan struct{}, 1)}, nil
}

// Record implements kubeevents.Recorder.
func (r *Recorder) Record(n kubeevents.Notice) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	s := r.seriesOf(n, now)
	if s == nil {
		return
	}
	s.add(now)
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// seriesOf finds the series of equal notices, or begins one; nil: there are too many.
func (r *Recorder) seriesOf(n kubeevents.Notice, now time.Time) *series {
	key := n.Reason + "\x00" + n.Subject
	if s := r.series[key]; s != nil && !s.expired(now) {
		return s
	}
	for k, s := range r.series {
		if s.expired(now) {
			delete(r.series, k)
		}
	}
	if r.series == nil || len(r.series) >= maxSeries {
		return nil
	}
	s := r.newSeries(n, now)
	r.series[key] = s
	return s
}

// timestamp is the API server's time: people compare an Event with its other objects.
func (r *Recorder) timestamp(t time.Time) metav1.MicroTime {
	if r.Clock != nil {
		t = t.Add(r.Clock.Skew())
	}
	return metav1.NewMicroTime(t)
}

// Run writes while this process leads, until ctx ends; it returns ctx's error. Earlier notices are dropped.
func (r *Recorder) Run(ctx context.Context) error {
	r.begin()
	defer r.end()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(r.pass(ctx))
		select {
		case <-r.wake:
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *Recorder) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Deployment != "" || r.Pod != "" {
		r.series = make(map[string]*series)
	}
	r.pausedUntil, r.failureLogged = time.Time{}, false
}

func (r *Recorder) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.series = nil
}

// pass writes every series that is due, one by one, and returns how long none will be.
func (r *Recorder) pass(ctx context.Context) time.Duration {
	for ctx.Err() == nil {
		s, wait := r.nextDue()
		if s == nil {
			return wait
		}
		r.handle(s, r.store.write(ctx, s.next))
	}
	return time.Hour
}

// nextDue returns a series to write now, with its next request; else how long there is none.
func (r *Recorder) nextDue() (*series, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, wait := time.Now(), time.Hour
	if pause := r.pausedUntil.Sub(now); pause > 0 {
		return nil, pause
	}
	for _, s := range r.series {
		if s.count == s.written {
			continue
		}
		if left := s.tried.Add(minInterval).Sub(now); left > 0 {
			wait = min(wait, left)
			continue
		}
		s.prepare(now, r.timestamp(s.last))
		return s, 0
	}
	return nil, wait
}

// handle takes the result of a series' request.
func (r *Recorder) handle(s *series, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		s.written, r.failureLogged = s.next.count, false
		return
	case apierrors.IsAlreadyExists(err): // the answer to an earlier try was lost, and its count may have been less
		s.written = 1
		return
	case s.written > 0 && apierrors.IsNotFound(err): // an Event lives for an hour, unless somebody deletes it
		s.restart(r.timestamp(s.last))
		return
	case errors.Is(err, k8s.ErrNotLeading), errors.Is(err, context.Canceled):
		s.tried, r.pausedUntil = time.Time{}, time.Now().Add(pauseNotLeading)
		return
	}
	r.pausedUntil = time.Now().Add(pauseAfter(err))
	if !r.failureLogged {
		r.failureLogged = true
		errcode.Warn(r.Logger, errcode.EventNotWritten, "error", k8s.ServerMessage(err))
	}
}

// pauseAfter is longer where only an operator can help.
func pauseAfter(err error) time.Duration {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) || apierrors.IsTooManyRequests(err) || answer.Status().Code >= http.StatusInternalServerError {
		return pauseFailed
	}
	return pauseForbidden
}
