// Package control sends requests of other commands to a running `devcluster up` over a unix socket.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/supervisor"
)

// Verbs of a Request. All but Status require a component.
const (
	Kill   = "kill"
	Freeze = "freeze"
	Thaw   = "thaw"
	Start  = "start"
	Status = "status"
)

// Request is one operation. A connection carries one request and one response.
type Request struct {
	Verb      string `json:"verb"`
	Component string `json:"component,omitempty"`
}

// Response has the error of the operation, if any, and the states of all components afterwards.
type Response struct {
	Error      string              `json:"error,omitempty"`
	Components []supervisor.Status `json:"components"`
}

// Components are the target of the requests.
type Components interface { //nolint:interfacebloat // one method per verb
	Kill(name string) error
	Freeze(name string) error
	Thaw(name string) error
	Restart(ctx context.Context, name string) error
	Status() []supervisor.Status
}

// Server handles requests until its context ends.
type Server struct {
	listener   net.Listener
	components Components
}

// Listen creates the socket, accessible by its owner only. Call it while the folder is locked: it replaces the
// socket of an earlier run.
func Listen(path string, c Components) (*Server, error) {
	_ = os.Remove(path)
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("opening the control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &Server{listener: l, components: c}, nil
}

// Run serves until ctx ends. It returns after the last response; the socket is removed by then.
func (s *Server) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = s.listener.Close() })
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		conn, err := s.listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accepting a control connection: %w", err)
		}
		wg.Go(func() { s.serve(ctx, conn) })
	}
}

func (s *Server) serve(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	var req Request
	if err := json.NewDecoder(conn).Decode(&req); err != nil {
		return
	}
	var resp Response
	if err := s.handle(ctx, req); err != nil {
		resp.Error = err.Error()
	}
	resp.Components = s.components.Status()
	if err := json.NewEncoder(conn).Encode(resp); err != nil {
		return // the client has disconnected
	}
}

func (s *Server) handle(ctx context.Context, req Request) error {
	switch req.Verb {
	case Kill:
		return s.components.Kill(req.Component)
	case Freeze:
		return s.components.Freeze(req.Component)
	case Thaw:
		return s.components.Thaw(req.Component)
	case Start:
		return s.components.Restart(ctx, req.Component)
	case Status:
		return nil
	default:
		return fmt.Errorf("unknown verb: %q", req.Verb)
	}
}

// Send sends one request to the socket and returns the states of the components afterwards.
func Send(ctx context.Context, socket string, req Request) ([]supervisor.Status, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, fmt.Errorf("connecting to devcluster up: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	if err := json.NewEncoder(conn).Encode(req); err != nil {
		return nil, fmt.Errorf("sending a request to devcluster up: %w", err)
	}
	var resp Response
	if err := json.NewDecoder(conn).Decode(&resp); err != nil {
		return nil, fmt.Errorf("waiting for the response of devcluster up: %w", err)
	}
	if resp.Error != "" {
		return resp.Components, errors.New(resp.Error)
	}
	return resp.Components, nil
}
