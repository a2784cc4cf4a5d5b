package k8s

import (
	"context"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
)

// newCounted is a Writer of a server that speaks HTTP/2 and counts its connections.
func newCounted(t *testing.T, handler http.HandlerFunc) (*Writer, *atomic.Int32) {
	t.Helper()
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	access := &rest.Config{Host: server.URL, TLSClientConfig: rest.TLSClientConfig{CAData: ca}}
	w, err := newTestTransport(access, discard).NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeIdle(w) })
	return w, &opened
}

func closeIdle(w *Writer) {
	utilnet.CloseIdleConnectionsFor(w.Interface.(*rest.RESTClient).Client.Transport)
}

// burst creates so many Pods at once.
func burst(w *Writer, n int) {
	var group sync.WaitGroup
	for range n {
		group.Go(func() { _ = post(context.Background(), w) })
	}
	group.Wait()
}

func TestBurstOpensOneConnection(t *testing.T) {
	var posts atomic.Int32
	w, opened := newCounted(t, func(w http.ResponseWriter, r *http.Request) {
		posts.Add(1)
		created(w, r)
	})
	burst(w, 40)
	if n := opened.Load(); n != 1 || posts.Load() != 40 {
		t.Errorf("%d connections for %d POSTs, want 1 for 40", n, posts.Load())
	}
	closeIdle(w)
	for limit := time.Now().Add(10 * time.Second); w.gate.open.Load() && time.Now().Before(limit); {
		time.Sleep(time.Millisecond) // another goroutine of the transport closes it
	}
	burst(w, 40)
	if n := opened.Load(); n != 2 || posts.Load() != 80 {
		t.Errorf("%d connections for %d POSTs after the first was closed, want 2 for 80", n, posts.Load())
	}
}

// The first request may fail: then the next one passes alone.
func TestConnGateAfterAFailure(t *testing.T) {
	var posts atomic.Int32
	w, _ := newCounted(t, func(w http.ResponseWriter, r *http.Request) {
		if posts.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		created(w, r)
	})
	burst(w, 10)
	if n := posts.Load(); n != 10 {
		t.Errorf("%d of 10 POSTs arrived", n)
	}
}

// A request waits for its turn no longer than its context lasts.
func TestConnGateGivesUp(t *testing.T) {
	g := newConnGate()
	g.first <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := g.pass(ctx, func(context.Context) error { t.Error("it was sent"); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}
