//go:build !linux

package realnode

import (
	"context"
	"errors"
	"log/slog"
)

var errLinux = errors.New("real containers need Linux")

// Check returns why this machine cannot run a real node.
func Check() error { return errLinux }

// Node cannot be started here.
type Node struct{}

// New starts nothing.
func New(Options) *Node { return &Node{} }

// Start returns why it cannot.
func (*Node) Start(context.Context) error { return errLinux }

// Stop has nothing to do.
func (*Node) Stop(context.Context) error { return nil }

// Cleanup has nothing to do: no node ever ran here.
func Cleanup(context.Context, string, *slog.Logger) error { return nil }

// Import returns why it cannot.
func Import(context.Context, string, string) error { return errLinux }
