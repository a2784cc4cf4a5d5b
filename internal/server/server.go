package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/net/netutil"
)

// What one client may cost. A scrape takes milliseconds; the rest is for slow networks.
const (
	headerTimeout  = 3 * time.Second
	requestTimeout = 5 * time.Second
	answerTimeout  = 15 * time.Second
	idleTimeout    = time.Minute
	maxHeader      = 8 << 10 // bytes; net/http adds 4 KiB of its own
	maxConnections = 256     // a few megabytes, however many come
	stopTimeout    = 2 * time.Second
)

// Options say where a Server listens, and what it tells.
type Options struct {
	Addr    string // host:port; the host may be empty, port 0 takes any free one
	Checks  []Check
	Metrics http.Handler // nil: there are none
	Logger  *slog.Logger
}

// Server answers probes and scrapes.
type Server struct {
	opts     Options
	http     *http.Server
	listener net.Listener
}

// New starts nothing.
func New(o Options) *Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/livez", answerLive)
	mux.Handle("/readyz", newReadiness(o.Checks))
	if o.Metrics != nil {
		mux.Handle("/metrics", o.Metrics)
	}
	return &Server{opts: o, http: &http.Server{
		Handler:           readOnly(mux),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		// What clients do wrong is their business: it would fill the log.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}}
}

// Listen takes the port, so that a start ends at once where that is impossible. Run follows.
func (s *Server) Listen() error {
	l, err := net.Listen("tcp", s.opts.Addr)
	if err != nil {
		return fmt.Errorf("OTTO_HTTP_ADDR %q: %w", s.opts.Addr, cause(err))
	}
	s.listener = netutil.LimitListener(l, maxConnections)
	s.opts.Logger.Debug("health and metrics are served", "addr", l.Addr().String())
	return nil
}

// cause leaves out what the line around it says already.
func cause(err error) error {
	if failed, ok := errors.AsType[*os.SyscallError](err); ok {
		return failed.Err
	}
	if failed, ok := errors.AsType[*net.OpError](err); ok {
		return failed.Err
	}
	return err
}

// Addr is where it listens, after Listen.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Run serves until ctx is done, lets open requests end, and then returns nil; an error means that it cannot serve.
func (s *Server) Run(ctx context.Context) error {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if s.http.Shutdown(within) != nil {
			_ = s.http.Close() // who has not got his answer by now gets none
		}
	})
	err := s.http.Serve(s.listener)
	if !stop() {
		<-ended
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving health and metrics: %w", err)
}

// readOnly lets nobody change, or send, anything.
func readOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "GET and HEAD alone are answered", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func answerLive(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "ok\n") }

func text(w http.ResponseWriter, code int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(body)) // a client that has gone needs no answer
}
