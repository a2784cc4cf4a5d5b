package statedir

import (
	"fmt"
	"os"
	"syscall"
)

// checkOwner rejects a folder that another user created in a shared temporary directory.
func checkOwner(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("reading the cluster's folder: %w", err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || (ok && int(stat.Uid) != os.Getuid()) {
		return fmt.Errorf("%s is not a folder owned by you: choose another one with --dir", path)
	}
	return nil
}
