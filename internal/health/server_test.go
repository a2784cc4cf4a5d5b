package health

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func testServer(checks ...Check) *Server {
	return New(Options{Addr: "127.0.0.1:0", Checks: checks, Logger: slog.New(slog.DiscardHandler)})
}

func healthy(context.Context) error { return nil }

func unhealthy(context.Context) error { return errors.New("redis x:1:\nconnection refused") }

type response struct {
	Code  int
	Allow string
	Body  string
}

func get(s *Server, method, path string) response {
	w := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader("body")))
	return response{w.Code, w.Header().Get("Allow"), w.Body.String()}
}

func TestResponses(t *testing.T) {
	all := testServer(Check{"redis", healthy}, Check{"watch", healthy})
	one := testServer(Check{"redis", unhealthy}, Check{"watch", healthy})
	refusal := response{405, "GET, HEAD", "only GET and HEAD are allowed\n"}
	for name, test := range map[string]struct {
		server       *Server
		method, path string
		want         response
	}{
		"live":           {one, "GET", "/livez", response{200, "", "ok\n"}}, // whatever fails elsewhere
		"live, HEAD":     {one, "HEAD", "/livez", response{200, "", "ok\n"}},
		"ready":          {all, "GET", "/readyz", response{200, "", "ok\n"}},
		"ready, verbose": {all, "GET", "/readyz?verbose", response{200, "", "[+]redis ok\n[+]watch ok\nready\n"}},
		"not ready":      {one, "GET", "/readyz", response{503, "", "[-]redis failed: redis x:1: connection refused\n[+]watch ok\nnot ready\n"}},
		"POST":           {all, "POST", "/livez", refusal},
		"DELETE":         {all, "DELETE", "/readyz", refusal},
		"TRACE":          {all, "TRACE", "/metrics", refusal},
		"unknown method": {all, "BREW", "/nowhere", refusal},
		"unknown path":   {all, "GET", "/nowhere", response{404, "", "404 page not found\n"}},
		"no metrics":     {all, "GET", "/metrics", response{404, "", "404 page not found\n"}},
		"no profiles":    {all, "GET", "/debug/pprof/", response{404, "", "404 page not found\n"}},
	} {
		if diff := cmp.Diff(test.want, get(test.server, test.method, test.path)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestChecksAreShared: within a second the checks run once, however many requests come.
func TestChecksAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		passes := 0
		s := testServer(Check{"redis", func(context.Context) error { passes++; return nil }})
		for range 100 {
			get(s, "GET", "/readyz")
		}
		if passes != 1 {
			t.Errorf("%d passes within a second", passes)
		}
		time.Sleep(checkLife + time.Millisecond)
		get(s, "GET", "/readyz")
		if passes != 2 {
			t.Errorf("%d passes: a stale result was served", passes)
		}
	})
}

// TestErrorsAreOneLine: the text of an error cannot add lines, escapes or megabytes to the response.
func TestErrorsAreOneLine(t *testing.T) {
	s := testServer(Check{"redis", func(context.Context) error { return errors.New("a\nb\x1b[31m\xff" + strings.Repeat("x", 1000)) }})
	got, _, _ := strings.Cut(get(s, "GET", "/readyz").Body, "\n")
	got = strings.TrimPrefix(got, "[-]redis failed: ")
	if !utf8.ValidString(got) || strings.Contains(got, "\x1b") || !strings.HasPrefix(got, "a b [31mx") || len(got) != maxError+len("…") {
		t.Errorf("%q", got)
	}
}

// pipes is a listener of in-memory connections, so that a test may run on synthetic time.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// serve runs a server in a synctest bubble and returns a function that dials it.
func serve(t *testing.T, s *Server) func() net.Conn {
	t.Helper()
	p := &pipes{make(chan net.Conn), make(chan struct{})}
	s.listener = newConnTable(p)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() { time.Sleep(checkTimeout) }) // Run does not wait that long for a check
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return func() net.Conn {
		ours, theirs := net.Pipe()
		p.conns <- theirs
		return ours
	}
}

// TestSlowClients: a client that sends its request byte by byte is cut off.
func TestSlowClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial := serve(t, testServer())
		conn := dial()
		began := time.Now()
		var writer sync.WaitGroup
		writer.Go(func() {
			for _, b := range []byte("GET /livez HTTP/1.1\r\nHost: " + strings.Repeat("x", 1000)) {
				if _, err := conn.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
		})
		if _, err := io.ReadAll(conn); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("a slow client was cut off after %v", took)
		}
		_ = conn.Close()
		writer.Wait()
	})
}

func TestHugeHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := serve(t, testServer())()
		go func() {
			_, _ = io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 1<<20)+"\r\n\r\n")
		}()
		response, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("got %s", response.Status)
		}
		_ = conn.Close()
	})
}

// TestRunEnds: Run returns when ctx is done, although a client keeps its connection.
func TestRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial := serve(t, testServer()) // its cleanup waits for Run
		conn := dial()
		go func() { _, _ = io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: x\r\n") }() // and no more
		synctest.Wait()
	})
}

func TestListen(t *testing.T) {
	first := testServer()
	if err := first.Listen(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.listener.Close() }()
	second := New(Options{Addr: first.Addr(), Logger: slog.New(slog.DiscardHandler)})
	err := second.Listen()
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatalf("a taken port: %v", err)
	}
	if want := `listening on "` + first.Addr() + `": address already in use`; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}
