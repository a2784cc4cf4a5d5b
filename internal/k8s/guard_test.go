package k8s

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// guarded is a Client whose right to write is for the test to give, and counts what arrives.
func guarded(t *testing.T, guard func() (time.Time, bool), handler http.HandlerFunc) (*Client, *atomic.Int32) {
	t.Helper()
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	o := testOptions(t)
	o.Guard = guard
	return clientOf(t, server.URL, o), &requests
}

func TestGuardRefuses(t *testing.T) {
	c, requests := guarded(t, func() (time.Time, bool) { return time.Now().Add(time.Hour), false },
		func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, livePod(t)) })
	if _, err := c.Create(t.Context(), testSpec()); !errors.Is(err, worker.ErrUnavailable) {
		t.Errorf("creating: %v, want ErrUnavailable", err)
	}
	if err := c.Delete(t.Context(), testRef, -1); !errors.Is(err, worker.ErrUnavailable) || errors.Is(err, worker.ErrGone) {
		t.Errorf("deleting: %v, want ErrUnavailable", err)
	}
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestGuardLetsPass(t *testing.T) {
	c, _ := guarded(t, func() (time.Time, bool) { return time.Now().Add(time.Hour), true },
		func(w http.ResponseWriter, _ *http.Request) { answer(w, 200, livePod(t)) })
	if _, err := c.Create(t.Context(), testSpec()); err != nil {
		t.Error(err)
	}
	if err := c.Delete(t.Context(), testRef, -1); err != nil {
		t.Error(err)
	}
}

// A request ends with the right to send it: what comes of it is not known.
func TestGuardEndsRequests(t *testing.T) {
	var ends time.Time
	c, requests := guarded(t, func() (time.Time, bool) { return ends, true }, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server see that the client is gone
		<-r.Context().Done()
	})
	for name, do := range map[string]func() error{
		"create": func() error { _, err := c.Create(t.Context(), testSpec()); return err },
		"delete": func() error { return c.Delete(t.Context(), testRef, -1) },
	} {
		ends = time.Now().Add(100 * time.Millisecond)
		if err := do(); !errors.Is(err, worker.ErrUnknown) || time.Since(ends) > callTimeout/2 {
			t.Errorf("%s: %v, %v after the end", name, err, time.Since(ends))
		}
	}
	if n := requests.Load(); n != 2 {
		t.Errorf("%d requests", n)
	}
}

// The right may end between the check and the sending, as when the process is stopped there: the connection asks again.
func TestGuardAtTheLastMoment(t *testing.T) {
	asked := 0
	c, requests := guarded(t, func() (time.Time, bool) {
		asked++
		return time.Now().Add(time.Hour), asked < 2
	}, func(w http.ResponseWriter, _ *http.Request) { answer(w, 201, livePod(t)) })
	if _, err := c.Create(t.Context(), testSpec()); !errors.Is(err, worker.ErrUnknown) || requests.Load() != 0 {
		t.Errorf("%v after %d requests, want ErrUnknown and none", err, requests.Load())
	}
}

// The right is asked for when a place is free, not when the wait for one begins.
func TestGuardAfterTheWait(t *testing.T) {
	var over atomic.Bool
	c, requests := guarded(t, func() (time.Time, bool) { return time.Now().Add(time.Hour), !over.Load() },
		func(w http.ResponseWriter, _ *http.Request) { answer(w, 201, livePod(t)) })
	for range maxInFlight {
		c.places <- struct{}{}
	}
	done := make(chan error)
	go func() {
		_, err := c.Create(context.WithoutCancel(t.Context()), testSpec())
		done <- err
	}()
	over.Store(true)
	<-c.places
	if err := <-done; !errors.Is(err, worker.ErrUnavailable) || requests.Load() != 0 {
		t.Errorf("%v after %d requests", err, requests.Load())
	}
}

// A standby asks for the version and lists nothing: Ready works without a Lease.
func TestReadyWithoutLease(t *testing.T) {
	c, _ := guarded(t, func() (time.Time, bool) { return time.Time{}, false },
		func(w http.ResponseWriter, _ *http.Request) {
			answer(w, 200, map[string]string{"gitVersion": "v1.37.2"})
		})
	if err := c.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}
