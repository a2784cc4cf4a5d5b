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

// countingServer speaks HTTP/2 and counts its connections.
func countingServer(t *testing.T, handler http.HandlerFunc) (*Client, *atomic.Int32) {
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
	c, err := New(&rest.Config{Host: server.URL, TLSClientConfig: rest.TLSClientConfig{CAData: ca}}, testOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { utilnet.CloseIdleConnectionsFor(c.calls.Client.Transport) })
	return c, &opened
}

// burst creates so many Pods at once.
func burst(c *Client, n int) {
	var group sync.WaitGroup
	for range n {
		group.Go(func() { _, _ = c.Create(context.Background(), testSpec()) })
	}
	group.Wait()
}

func TestABurstOpensOneConnection(t *testing.T) {
	var posts atomic.Int32
	c, opened := countingServer(t, func(w http.ResponseWriter, _ *http.Request) {
		posts.Add(1)
		answer(w, http.StatusCreated, livePod(t))
	})
	burst(c, 40)
	if n := opened.Load(); n != 1 || posts.Load() != 40 {
		t.Errorf("%d connections for %d POSTs, want 1 for 40", n, posts.Load())
	}
	utilnet.CloseIdleConnectionsFor(c.calls.Client.Transport)
	for limit := time.Now().Add(10 * time.Second); c.opener.warm.Load() && time.Now().Before(limit); {
		time.Sleep(time.Millisecond) // another goroutine of the transport closes it
	}
	burst(c, 40)
	if n := opened.Load(); n != 2 || posts.Load() != 80 {
		t.Errorf("%d connections for %d POSTs after the first was closed, want 2 for 80", n, posts.Load())
	}
}

// Whoever goes first may fail: then the next one does.
func TestTheOpenerAfterAFailure(t *testing.T) {
	var posts atomic.Int32
	c, _ := countingServer(t, func(w http.ResponseWriter, _ *http.Request) {
		if posts.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		answer(w, http.StatusCreated, livePod(t))
	})
	burst(c, 10)
	if n := posts.Load(); n != 10 {
		t.Errorf("%d of 10 POSTs arrived", n)
	}
}

// Whoever waits for its turn waits no longer than its context.
func TestTheOpenerGivesUp(t *testing.T) {
	o := newOpener()
	o.first <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := o.through(ctx, func(context.Context) error { t.Error("it was sent"); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was given up", err)
	}
}
