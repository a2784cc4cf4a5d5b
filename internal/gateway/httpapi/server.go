package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/gateway/catalog"
	"github.com/ottoscaler/ottoscaler/internal/gateway/hub"
)

// Limits of one connection. An event stream sets a deadline of its own before each write.
const (
	headerTimeout  = 5 * time.Second
	requestTimeout = 10 * time.Second
	answerTimeout  = 30 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeader      = 32 << 10 // bytes: tokens of Kubernetes are long
	maxConnections = 4096
)

// Observer counts. Package gateway implements it.
type Observer interface {
	Request(route string, status int)
	Viewers(n int)
	Dropped(reason string) // a viewer that was cut off
}

// Options are what a Server needs.
type Options struct {
	Addr        string // host:port
	Version     string
	Write       bool // whether writes are allowed at all
	MaxPods     int  // of an event
	Names       event.Names
	Auth        Authenticator
	Store       Store
	Hub         *hub.Hub
	Catalog     *catalog.Catalog
	Installed   func(ctx context.Context) Installation
	Observer    Observer
	StopTimeout time.Duration // for open requests, at the stop
	Logger      *slog.Logger
}

// Server is the API.
type Server struct {
	opts     Options
	http     *http.Server
	listener net.Listener
	clients  *limiter
	viewers  *gate
	inFlight chan struct{}
	stopping chan struct{} // closed when viewers are to leave
}

// New starts nothing.
func New(o Options) *Server {
	s := &Server{
		opts: o, clients: newLimiter(), viewers: newGate(),
		inFlight: make(chan struct{}, maxInFlight), stopping: make(chan struct{}),
	}
	s.http = &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		// Errors of clients would fill the log.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	return s
}

// Listen opens the port, so that a start fails at once where it is taken. Call Run next.
func (s *Server) Listen() error {
	l, err := net.Listen("tcp", s.opts.Addr)
	if err != nil {
		return errcode.Wrap(errcode.ListenFailed, fmt.Errorf("OTTO_API_ADDR: %w", err))
	}
	s.listener = limitListener(l, maxConnections)
	return nil
}

// Addr is where it listens, after Listen.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Run serves until ctx ends: then it accepts nothing more, says goodbye to viewers, finishes open requests and returns nil.
func (s *Server) Run(ctx context.Context) error {
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opts.StopTimeout)
		defer cancel()
		var leaving sync.WaitGroup
		leaving.Go(func() {
			if s.http.Shutdown(within) != nil {
				_ = s.http.Close() // requests still open get no answer
			}
		})
		close(s.stopping)
		leaving.Wait()
	})
	err := s.http.Serve(s.listener)
	if !stop() {
		<-ended
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving the API: %w", err)
}
