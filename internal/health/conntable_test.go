package health

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// probeTimeout is the kubelet's default.
const probeTimeout = time.Second

// fetch sends one request over a new connection, as the kubelet does, and returns the status code and how long it took.
func fetch(t *testing.T, dial func() net.Conn, path string) (code int, took time.Duration) {
	t.Helper()
	began := time.Now()
	conn := dial()
	defer func() { _ = conn.Close() }()
	go send(conn, lastRequest(path))
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Errorf("%s: no answer: %v", path, err)
		return 0, time.Since(began)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response.StatusCode, time.Since(began)
}

// clients are what a connection of a crowd does until it is closed.
var clients = map[string]func(conn net.Conn){
	"silent": func(conn net.Conn) { discard(conn) },
	"half a header": func(conn net.Conn) {
		send(conn, request("/livez")[:20])
		discard(conn)
	},
	"byte by byte": func(conn net.Conn) {
		for _, b := range []byte(request("/livez")[:30] + strings.Repeat("x", 100)) {
			send(conn, string(b))
			time.Sleep(50 * time.Millisecond)
		}
	},
	"idle after a response": func(conn net.Conn) {
		send(conn, request("/livez"))
		discard(conn)
	},
	"response not read": func(conn net.Conn) {
		send(conn, request("/livez"))
		waitClosed(conn)
	},
	"scrape not read": func(conn net.Conn) {
		send(conn, request("/metrics"))
		waitClosed(conn)
	},
	"pipelined, not read": func(conn net.Conn) {
		send(conn, strings.Repeat(request("/livez"), 100))
		waitClosed(conn)
	},
	"two scrapes": func(conn net.Conn) {
		go send(conn, strings.Repeat(request("/metrics"), 2))
		discard(conn)
	},
	"two slow checks": func(conn net.Conn) {
		go send(conn, strings.Repeat(request("/readyz"), 2))
		discard(conn)
	},
}

func request(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n" }

// lastRequest has the server close the connection after the response.
func lastRequest(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
}

func discard(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

func send(conn net.Conn, text string) { _, _ = io.WriteString(conn, text) }

// waitClosed does not read. A write of a pipe ends when the other side is closed, and the server reads no body of a GET.
func waitClosed(conn net.Conn) {
	for range 1000 {
		if _, err := io.WriteString(conn, " "); err != nil {
			return
		}
	}
}

// crowd opens n connections at once, and each again as soon as it is closed, until the test ends.
func crowd(t *testing.T, n int, dial func() net.Conn, client func(net.Conn)) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for ctx.Err() == nil {
				conn := dial()
				ended := context.AfterFunc(ctx, func() { _ = conn.Close() })
				client(conn)
				_ = conn.Close()
				ended()
				time.Sleep(50 * time.Millisecond)
			}
		})
	}
	return func() { cancel(); all.Wait() }
}

// TestProbesAnswered: whatever hundreds of clients do with their connections, a probe is answered within the kubelet's default
// timeout.
func TestProbesAnswered(t *testing.T) {
	for name, client := range clients {
		t.Run(name, func(t *testing.T) { probeBeside(t, 256, client) })
	}
	for _, name := range []string{"silent", "half a header", "idle after a response", "scrape not read"} {
		t.Run("thousands, "+name, func(t *testing.T) { probeBeside(t, 2000, clients[name]) })
	}
}

func probeBeside(t *testing.T, n int, client func(net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := slowServer()
		dial := serve(t, s)
		stop := crowd(t, n, dial, client)
		defer stop()
		for range 2 {
			if code, took := fetch(t, dial, "/livez"); code != 200 || took > probeTimeout {
				t.Errorf("%d after %v", code, took)
			}
			time.Sleep(200 * time.Millisecond)
		}
		if open := s.listener.(*connTable).size(); open > maxConnections {
			t.Errorf("%d connections are open", open)
		}
	})
}

// slowServer has a readiness check that takes all its time, and 8 KiB of metrics.
func slowServer() *Server {
	return New(Options{
		Logger: slog.New(slog.DiscardHandler),
		Checks: []Check{{"redis", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}},
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for range 2 {
				if _, err := io.WriteString(w, strings.Repeat("x", 1<<12)); err != nil {
					return
				}
			}
		}),
	})
}

func (t *connTable) size() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.open)
}

// TestLongestWaitingIsReplaced: the newest connections stay open.
func TestLongestWaitingIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := testServer()
		dial := serve(t, s)
		var conns []net.Conn
		for range maxConnections + 3 {
			conns = append(conns, dial())
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		var closed []int
		for i, c := range conns {
			_ = c.SetReadDeadline(time.Now())
			if _, err := c.Read(make([]byte, 1)); err == io.EOF { //nolint:errorlint // a pipe returns it bare
				closed = append(closed, i)
			}
			_ = c.Close()
		}
		if diff := cmp.Diff([]int{0, 1, 2}, closed); diff != "" {
			t.Errorf("closed (-want +got):\n%s", diff)
		}
		synctest.Wait()
		if left := s.listener.(*connTable).size(); left > 0 {
			t.Errorf("%d closed connections have a place", left)
		}
	})
}

// TestServedIsKept: a request that is being answered keeps its connection, however many come.
func TestServedIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slowServer()
		dial := serve(t, s)
		stop := crowd(t, 256, dial, clients["silent"])
		defer stop()
		if code, took := fetch(t, dial, "/readyz"); code != 503 || took < checkTimeout {
			t.Errorf("%d after %v", code, took)
		}
	})
}

// TestPlaceIsKept: a client far away gets the time to send its request, however many come meanwhile.
func TestPlaceIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial := serve(t, testServer())
		stop := crowd(t, 2000, dial, clients["silent"])
		defer stop()
		far := func() net.Conn {
			conn := dial()
			time.Sleep(keptRounds * roundPause * 3 / 4)
			return conn
		}
		if code, _ := fetch(t, far, "/livez"); code != 200 {
			t.Errorf("got %d", code)
		}
	})
}

// TestScrapePlaces: scrapes have a few places; one that is not read loses its place to a newer one after a second.
func TestScrapePlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial := serve(t, slowServer())
		for range 2 * maxScrapes {
			wantCode(t, dial, "/metrics", 200) // one after the other
		}
		var unread []net.Conn
		for range maxScrapes {
			unread = append(unread, dial())
			send(unread[len(unread)-1], lastRequest("/metrics"))
			time.Sleep(time.Millisecond)
		}
		wantCode(t, dial, "/metrics", 503)
		wantCode(t, dial, "/livez", 200)
		time.Sleep(scrapePatience - maxScrapes*time.Millisecond)
		wantCode(t, dial, "/metrics", 200)
		wantCode(t, dial, "/metrics", 200) // in the place of the one before
		for i, conn := range unread {
			n, _ := io.Copy(io.Discard, conn)
			if cut := n < 2<<12; cut != (i == 0) {
				t.Errorf("scrape %d: %d bytes", i, n)
			}
			_ = conn.Close()
		}
	})
}

// wantCode expects an answer without any delay.
func wantCode(t *testing.T, dial func() net.Conn, path string, want int) {
	t.Helper()
	synctest.Wait()
	if code, took := fetch(t, dial, path); code != want || took != 0 {
		t.Errorf("%s: %d after %v, want %d", path, code, took, want)
	}
}

// TestRealConnections is the same over TCP: hundreds of connections stay idle after their response, and each new one is answered.
func TestRealConnections(t *testing.T) {
	s := testServer()
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	for range 3 * maxConnections {
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		send(conn, request("/livez"))
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("got %s", response.Status)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
