//go:build !linux

package realnode

import (
	"context"
	"errors"
	"log/slog"
)

var errLinux = errors.New("real containers need Linux")

// Check always fails on this operating system.
func Check() error { return errLinux }

// Node cannot be started on this operating system.
type Node struct{}

// New starts nothing.
func New(Options) *Node { return &Node{} }

// Start always fails.
func (*Node) Start(context.Context) error { return errLinux }

// Stop does nothing.
func (*Node) Stop(context.Context) error { return nil }

// Cleanup does nothing: no node can have been started.
func Cleanup(context.Context, string, *slog.Logger) error { return nil }

// Import always fails.
func Import(context.Context, string, string) error { return errLinux }
