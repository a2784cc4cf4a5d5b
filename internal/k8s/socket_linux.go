package k8s

import (
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// setTCPUserTimeout bounds how long sent data may go unacknowledged.
func setTCPUserTimeout(raw syscall.RawConn, d time.Duration) error {
	var err error
	control := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
	})
	if control != nil {
		err = control
	}
	if err != nil {
		return fmt.Errorf("setting TCP_USER_TIMEOUT: %w", err)
	}
	return nil
}
