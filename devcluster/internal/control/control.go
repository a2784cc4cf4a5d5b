// Package control lets other commands give orders to a running `devcluster up` over a unix socket.
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

	"github.com/ottoscaler/ottoscaler/devcluster/internal/proc"
)

// Verbs of a Request. All but Status need a component.
const (
	Kill   = "kill"
	Freeze = "freeze"
	Thaw   = "thaw"
	Start  = "start"
	Status = "status"
)

// Request is one order; a connection carries one request and one answer.
type Request struct {
	Verb      string `json:"verb"`
	Component string `json:"component,omitempty"`
}

// Answer tells how it went and how the components are now.
type Answer struct {
	Error      string        `json:"error,omitempty"`
	Components []proc.Status `json:"components"`
}

// Group is what orders act on: the four orders, and a look.
type Group interface { //nolint:interfacebloat // one method an order
	Kill(name string) error
	Freeze(name string) error
	Thaw(name string) error
	Restart(ctx context.Context, name string) error
	Status() []proc.Status
}

// Server answers orders until its context ends.
type Server struct {
	listener net.Listener
	group    Group
}

// Listen makes the socket, for its owner only. Call it while the folder is locked: it replaces a socket
// that an earlier run left.
func Listen(path string, g Group) (*Server, error) {
	_ = os.Remove(path)
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("opening the control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &Server{listener: l, group: g}, nil
}

// Run serves until ctx ends and returns when the last answer is given; the socket is gone then.
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
			return fmt.Errorf("accepting an order: %w", err)
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
	answer := Answer{}
	if err := s.obey(ctx, req); err != nil {
		answer.Error = err.Error()
	}
	answer.Components = s.group.Status()
	if err := json.NewEncoder(conn).Encode(answer); err != nil {
		return // who asked has gone
	}
}

func (s *Server) obey(ctx context.Context, req Request) error {
	switch req.Verb {
	case Kill:
		return s.group.Kill(req.Component)
	case Freeze:
		return s.group.Freeze(req.Component)
	case Thaw:
		return s.group.Thaw(req.Component)
	case Start:
		return s.group.Restart(ctx, req.Component)
	case Status:
		return nil
	default:
		return fmt.Errorf("no such order: %q", req.Verb)
	}
}

// Order sends one request to the socket and returns the components as they are afterwards.
func Order(ctx context.Context, socket string, req Request) ([]proc.Status, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, fmt.Errorf("talking to devcluster up: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	if err := json.NewEncoder(conn).Encode(req); err != nil {
		return nil, fmt.Errorf("sending an order: %w", err)
	}
	var answer Answer
	if err := json.NewDecoder(conn).Decode(&answer); err != nil {
		return nil, fmt.Errorf("waiting for devcluster up to answer: %w", err)
	}
	if answer.Error != "" {
		return answer.Components, errors.New(answer.Error)
	}
	return answer.Components, nil
}
