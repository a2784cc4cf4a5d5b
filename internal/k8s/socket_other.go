//go:build !linux

package k8s

import (
	"syscall"
	"time"
)

// setTCPUserTimeout does nothing: in production this runs on Linux, and elsewhere a late write is found and reverted.
func setTCPUserTimeout(syscall.RawConn, time.Duration) error { return nil }
