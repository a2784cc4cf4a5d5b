package k8s

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

	"github.com/ottoscaler/ottoscaler/internal/kubeevents"
)

const (
	tellEvery  = 10 * time.Second // at most one request for a series
	quietAfter = 30 * time.Minute // what happens again after that is a new Event
	maxSeries  = 64               // at once; more reasons than that are one too many to read

	restDenied = 5 * time.Minute // after a request that was denied
	restFailed = 30 * time.Second
	restLeader = time.Second // the Lease may be renewed by then
)

// RecorderOptions say what Events are about and who writes them.
type RecorderOptions struct {
	Namespace  string // of what they are about, and their own
	Deployment string // what they are about; empty: the Pod
	Pod        string // ours; empty without a Deployment: nothing is written
	Identity   string // see Identity

	Version string // ours, for the user agent
	Clock   *Clock // the API server's; may be nil
	Guard   func() (until time.Time, ok bool)
	Logger  *slog.Logger
}

// Recorder writes Kubernetes Events of what needs a person. What is alike becomes one Event whose count rises, so that
// neither memory nor requests grow with what happens. Nobody waits for it, and when it may not write, nothing else ends.
type Recorder struct {
	RecorderOptions
	store eventStore
	wake  chan struct{}

	mu   sync.Mutex
	all  map[string]*series // nil: nobody leads here
	rest time.Time          // nothing is sent before
	told bool               // that it cannot be written
}

var _ kubeevents.Recorder = (*Recorder)(nil)

// NewRecorder sends nothing yet. Its connection is its own, and made with the first Event.
func NewRecorder(cfg *rest.Config, o RecorderOptions) (*Recorder, error) {
	store, err := newEventStore(cfg, &o)
	if err != nil {
		return nil, err
	}
	return &Recorder{RecorderOptions: o, store: store, wake: make(chan struct{}, 1)}, nil
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
	s.happened(now)
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// seriesOf finds those alike, or begins them; nil: there is no place.
func (r *Recorder) seriesOf(n kubeevents.Notice, now time.Time) *series {
	key := n.Reason + "\x00" + n.About
	if s := r.all[key]; s != nil && !s.over(now) {
		return s
	}
	for k, s := range r.all {
		if s.over(now) {
			delete(r.all, k)
		}
	}
	if r.all == nil || len(r.all) >= maxSeries {
		return nil
	}
	s := r.newSeries(n, now)
	r.all[key] = s
	return s
}

// stamp is the API server's time: people compare an Event with its other objects.
func (r *Recorder) stamp(t time.Time) metav1.MicroTime {
	if r.Clock != nil {
		t = t.Add(r.Clock.Skew())
	}
	return metav1.NewMicroTime(t)
}

// Run writes while this process leads, until ctx ends; it returns ctx's error. What happened before is forgotten.
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
		r.all = make(map[string]*series)
	}
	r.rest, r.told = time.Time{}, false
}

func (r *Recorder) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = nil
}

// pass writes all that is due, one by one, and says when more may be.
func (r *Recorder) pass(ctx context.Context) time.Duration {
	for ctx.Err() == nil {
		s, wait := r.due()
		if s == nil {
			return wait
		}
		r.wrote(s, r.store.write(ctx, s.next))
	}
	return time.Hour
}

// due is a series to write now, with its next request; else how long there is none.
func (r *Recorder) due() (*series, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, wait := time.Now(), time.Hour
	if pause := r.rest.Sub(now); pause > 0 {
		return nil, pause
	}
	for _, s := range r.all {
		if s.count == s.written {
			continue
		}
		if left := s.tried.Add(tellEvery).Sub(now); left > 0 {
			wait = min(wait, left)
			continue
		}
		s.prepare(now, r.stamp(s.last))
		return s, 0
	}
	return nil, wait
}

// wrote takes in what became of a request.
func (r *Recorder) wrote(s *series, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil:
		s.written, r.told = s.next.count, false
		return
	case apierrors.IsAlreadyExists(err): // the answer to an earlier try was lost, and its count may have been less
		s.written = 1
		return
	case s.written > 0 && apierrors.IsNotFound(err): // it lives for an hour, unless somebody deletes it
		s.renew(r.stamp(s.last))
		return
	case errors.Is(err, errNotLeading), errors.Is(err, context.Canceled):
		s.tried, r.rest = time.Time{}, time.Now().Add(restLeader)
		return
	}
	r.rest = time.Now().Add(restAfter(err))
	if !r.told {
		r.told = true
		r.Logger.Warn("an Event could not be written, trying again later", "error", words(err))
	}
}

// restAfter is longer where only an operator can help.
func restAfter(err error) time.Duration {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) || apierrors.IsTooManyRequests(err) || answer.Status().Code >= http.StatusInternalServerError {
		return restFailed
	}
	return restDenied
}
