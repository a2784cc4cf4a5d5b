package recorder

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/ottoscaler/ottoscaler/internal/kubeevents"
)

// fakeStore is an eventStore in memory; it notes every request.
type fakeStore struct {
	mu       sync.Mutex
	requests []string // verb and reason, in their order
	at       []time.Time
	counts   map[string]int // by the Event's name
	fails    error          // the answer, without an effect
	lost     bool           // the answer is lost, the effect is not
}

var events = schema.GroupResource{Resource: "events"}

func (s *fakeStore) write(_ context.Context, e eventWrite) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	verb := "create"
	if e.created {
		verb = "patch"
	}
	s.requests, s.at = append(s.requests, verb+" "+e.event.Reason), append(s.at, time.Now())
	if s.fails != nil {
		return s.fails
	}
	switch n := s.counts[e.event.Name]; {
	case e.created && n == 0:
		return apierrors.NewNotFound(events, e.event.Name)
	case !e.created && n > 0:
		return apierrors.NewAlreadyExists(events, e.event.Name)
	}
	s.counts[e.event.Name] = int(e.count)
	if s.lost {
		return context.DeadlineExceeded
	}
	return nil
}

// set changes what happens to requests. The Recorder runs as time passes, so every access is locked.
func (s *fakeStore) set(change func(*fakeStore)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *fakeStore) sent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *fakeStore) events() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.counts)
}

func (s *fakeStore) total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.counts {
		n += c
	}
	return n
}

type recording struct {
	*Recorder
	fake *fakeStore
	log  *strings.Builder
}

// run runs a Recorder on synthetic time.
func run(t *testing.T, test func(t *testing.T, r recording)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		r := recording{&Recorder{
			Options: Options{Namespace: "ci", Deployment: "main", Identity: "pod-1", Logger: slog.New(slog.NewTextHandler(&log, nil))},
			wake:    make(chan struct{}, 1),
		}, &fakeStore{counts: make(map[string]int)}, &log}
		r.store = r.fake
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- r.Run(ctx) }()
		synctest.Wait()
		test(t, r)
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	})
}

func (r recording) record(reason, about string, times int) {
	for range times {
		r.Record(kubeevents.Notice{Reason: reason, Action: "Park", Subject: about, Message: "what", Fix: "OTTO301: then"})
	}
	synctest.Wait()
}

func (r recording) kept() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.series)
}

func (r recording) sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
