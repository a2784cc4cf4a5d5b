package statedir

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// ErrInUse means that another `devcluster up` holds the lock of the folder.
var ErrInUse = errors.New("a cluster is already running")

// Lock reserves the folder for this process until unlock is called or the process ends.
func (d Dir) Lock() (unlock func(), err error) {
	f, err := os.OpenFile(d.lock(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", d, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, d.inUseError()
		}
		return nil, fmt.Errorf("locking %s: %w", d, err)
	}
	_ = f.Truncate(0)
	fmt.Fprintf(f, "%d\n", os.Getpid())
	return func() { _ = f.Truncate(0); _ = f.Close() }, nil
}

func (d Dir) inUseError() error {
	content, _ := os.ReadFile(d.lock())
	pid := strings.TrimSpace(string(content))
	return fmt.Errorf("%w: %s is locked by process %s (end it with Ctrl-C or `kill %s`, or choose another folder with --dir)",
		ErrInUse, d, pid, pid)
}
