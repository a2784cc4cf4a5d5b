package k8s

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// TestRequestsAreBounded: the core gives the place of a lost POST back after worker.PostTimeout.
func TestRequestsAreBounded(t *testing.T) {
	if CallTimeout >= worker.PostTimeout {
		t.Errorf("a request may take %v, and the core takes it for over after %v", CallTimeout, worker.PostTimeout)
	}
}

// newGuarded is a Writer whose guard the test controls, and counts what arrives.
func newGuarded(t *testing.T, guard Guard, handler http.HandlerFunc) (*Writer, *atomic.Int32) {
	t.Helper()
	requests := new(atomic.Int32)
	return newTestWriter(t, guard, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		handler(w, r)
	}), requests
}

func created(w http.ResponseWriter, _ *http.Request) { k8stest.Answer(w, http.StatusCreated, nil) }

func post(ctx context.Context, w *Writer) error { return w.Write(ctx, newPost(w), rest.Result.Error) }

func TestGuardRefuses(t *testing.T) {
	w, requests := newGuarded(t, func() (time.Time, bool) { return time.Now().Add(time.Hour), false }, created)
	if err := post(t.Context(), w); !errors.Is(err, ErrNotLeading) || !errors.Is(Meaning(err), worker.ErrUnavailable) {
		t.Errorf("got %v, want ErrNotLeading", err)
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestGuardAllows(t *testing.T) {
	w, requests := newGuarded(t, func() (time.Time, bool) { return time.Now().Add(time.Hour), true }, created)
	if err := post(t.Context(), w); err != nil || requests.Load() != 1 {
		t.Errorf("%v after %d requests", err, requests.Load())
	}
}

// A request ends with the right to send it: its result is not known.
func TestGuardEndsRequests(t *testing.T) {
	ends := time.Now().Add(100 * time.Millisecond)
	w, requests := newGuarded(t, func() (time.Time, bool) { return ends, true }, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client is gone
		<-r.Context().Done()
	})
	if err := post(t.Context(), w); !errors.Is(Meaning(err), worker.ErrUnknown) || time.Since(ends) > CallTimeout/2 {
		t.Errorf("%v, %v after the end", err, time.Since(ends))
	}
	if n := requests.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// The right may end between the check and the sending, as when the process is suspended there: the connection asks again.
func TestGuardAtTheLastMoment(t *testing.T) {
	asked := 0
	w, requests := newGuarded(t, func() (time.Time, bool) {
		asked++
		return time.Now().Add(time.Hour), asked < 2
	}, created)
	if err := post(t.Context(), w); !errors.Is(Meaning(err), worker.ErrUnknown) || requests.Load() != 0 {
		t.Errorf("%v after %d requests, want ErrUnknown and none", err, requests.Load())
	}
}

// The guard is asked when a slot is free, not when the wait for one begins.
func TestGuardAfterTheWait(t *testing.T) {
	var over atomic.Bool
	w, requests := newGuarded(t, func() (time.Time, bool) { return time.Now().Add(time.Hour), !over.Load() }, created)
	for range maxInFlight {
		w.inFlight <- struct{}{}
	}
	done := make(chan error)
	go func() { done <- post(context.WithoutCancel(t.Context()), w) }()
	over.Store(true)
	<-w.inFlight
	if err := <-done; !errors.Is(err, ErrNotLeading) || requests.Load() != 0 {
		t.Errorf("%v after %d requests", err, requests.Load())
	}
}

// Reads are not guarded before they are sent; without a guard nothing is.
func TestSend(t *testing.T) {
	pod := &corev1.Pod{}
	pod.APIVersion, pod.Kind, pod.Name = "v1", "Pod", "p"
	w := newTestWriter(t, nil, func(w http.ResponseWriter, _ *http.Request) { k8stest.Answer(w, 200, pod) })
	var got corev1.Pod
	if err := w.Send(t.Context(), w.Get().Namespace("ci").Resource("pods").Name("p"), &got); err != nil || got.Name != "p" {
		t.Errorf("got %q, %v", got.Name, err)
	}
}
