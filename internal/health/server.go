package health

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"
)

// Limits of requests that can take long. /livez needs none: it waits for nothing.
const (
	maxChecks      = 8 // requests of /readyz at once
	maxScrapes     = 4 // requests of /metrics at once
	scrapePatience = time.Second
)

// Limits of one client. A scrape takes milliseconds; the rest is for slow networks.
const (
	headerTimeout   = 3 * time.Second
	requestTimeout  = 5 * time.Second
	responseTimeout = 15 * time.Second
	idleTimeout     = 30 * time.Second
	maxHeader       = 8 << 10 // bytes; net/http adds 4 KiB of its own
	stopTimeout     = 2 * time.Second
)

// Options say where a Server listens and what it serves.
type Options struct {
	Addr    string // host:port; the host may be empty, port 0 is any free port
	Checks  []Check
	Metrics http.Handler // nil: /metrics is not found
	Logger  *slog.Logger
}

// Server answers probes and scrapes.
type Server struct {
	addr     string
	log      *slog.Logger
	http     *http.Server
	listener net.Listener
}

// New starts nothing.
func New(o Options) *Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/livez", serveLive)
	mux.Handle("/readyz", &inFlight{next: newReadiness(o.Checks), most: maxChecks, patience: 2 * checkTimeout})
	if o.Metrics != nil {
		mux.Handle("/metrics", &inFlight{next: o.Metrics, most: maxScrapes, patience: scrapePatience})
	}
	return newServer(o.Addr, mux, o.Logger)
}

func newServer(addr string, mux http.Handler, log *slog.Logger) *Server {
	return &Server{addr: addr, log: log, http: &http.Server{
		Handler:           markServed(readOnly(mux)),
		ConnContext:       withConn,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      responseTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		// Errors of clients would fill the log.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}}
}

// Listen opens the port, so that a start fails at once where the port is taken. Call Run next.
func (s *Server) Listen() error {
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		return fmt.Errorf("listening on %q: %w", s.addr, cause(err))
	}
	s.listener = newConnTable(l)
	s.log.Debug("serving over HTTP", "addr", l.Addr().String())
	return nil
}

// cause strips what the error around it says already.
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

// Run serves until ctx is done, waits for open requests, and returns nil; an error means that it cannot serve.
func (s *Server) Run(ctx context.Context) error {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if s.http.Shutdown(within) != nil {
			_ = s.http.Close() // requests still open get no answer
		}
	})
	err := s.http.Serve(s.listener)
	if !stop() {
		<-ended
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving on %q: %w", s.addr, err)
}

// readOnly refuses every method that could change or send something.
func readOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD are allowed", http.StatusMethodNotAllowed)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func serveLive(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusOK, "ok\n") }

func respond(w http.ResponseWriter, code int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(body)) //nolint:gosec // plain text of our own checks, marked nosniff; and the client may be gone
}
