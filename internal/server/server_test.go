package server

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

func well(context.Context) error { return nil }

func unwell(context.Context) error { return errors.New("redis x:1:\nconnection refused") }

type answer struct {
	Code  int
	Allow string
	Body  string
}

func ask(s *Server, method, path string) answer {
	w := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader("body")))
	return answer{w.Code, w.Header().Get("Allow"), w.Body.String()}
}

func TestAnswers(t *testing.T) {
	all := testServer(Check{"redis", well}, Check{"watch", well})
	one := testServer(Check{"redis", unwell}, Check{"watch", well})
	refusal := answer{405, "GET, HEAD", "GET and HEAD alone are answered\n"}
	for name, test := range map[string]struct {
		server       *Server
		method, path string
		want         answer
	}{
		"live":           {one, "GET", "/livez", answer{200, "", "ok\n"}}, // whatever is wrong with others
		"live, HEAD":     {one, "HEAD", "/livez", answer{200, "", "ok\n"}},
		"ready":          {all, "GET", "/readyz", answer{200, "", "ok\n"}},
		"ready, verbose": {all, "GET", "/readyz?verbose", answer{200, "", "[+]redis ok\n[+]watch ok\nready\n"}},
		"not ready":      {one, "GET", "/readyz", answer{503, "", "[-]redis failed: redis x:1: connection refused\n[+]watch ok\nnot ready\n"}},
		"POST":           {all, "POST", "/livez", refusal},
		"DELETE":         {all, "DELETE", "/readyz", refusal},
		"TRACE":          {all, "TRACE", "/metrics", refusal},
		"unknown method": {all, "BREW", "/nowhere", refusal},
		"unknown path":   {all, "GET", "/nowhere", answer{404, "", "404 page not found\n"}},
		"no metrics":     {all, "GET", "/metrics", answer{404, "", "404 page not found\n"}},
		"no profiles":    {all, "GET", "/debug/pprof/", answer{404, "", "404 page not found\n"}},
	} {
		if diff := cmp.Diff(test.want, ask(test.server, test.method, test.path)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestChecksAreShared: a second costs the neighbours one pass, however many ask.
func TestChecksAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		passes := 0
		s := testServer(Check{"redis", func(context.Context) error { passes++; return nil }})
		for range 100 {
			ask(s, "GET", "/readyz")
		}
		if passes != 1 {
			t.Errorf("%d passes within a second", passes)
		}
		time.Sleep(checkLife + time.Millisecond)
		ask(s, "GET", "/readyz")
		if passes != 2 {
			t.Errorf("%d passes: an old answer was given", passes)
		}
	})
}

func TestReasonsAreOneLine(t *testing.T) {
	got := oneLine("a\nb\x1b[31m\xff" + strings.Repeat("x", 1000))
	if !utf8.ValidString(got) || strings.ContainsAny(got, "\n\x1b") || !strings.HasPrefix(got, "a b [31mx") || len(got) > maxReason+len("…") {
		t.Errorf("%q", got)
	}
}

// pipes is a listener whose connections are in memory, so that time may be false.
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

// serve runs a server in a bubble and returns what dials it.
func serve(t *testing.T, s *Server) func() net.Conn {
	t.Helper()
	p := &pipes{make(chan net.Conn), make(chan struct{})}
	s.listener = p
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
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

// TestSlowClients: who sends a request a byte now and then is cut off.
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

// TestRunEnds: it returns when ctx is done, although a client keeps its connection.
func TestRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial := serve(t, testServer()) // whose cleanup waits for the end
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
	if want := `OTTO_HTTP_ADDR "` + first.Addr() + `": address already in use`; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}
