package statedir

import (
	"fmt"
	"os"
	"syscall"
)

// owned refuses a folder that somebody else made for us in a shared temporary directory.
func owned(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("looking at the cluster's folder: %w", err)
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || (ok && int(stat.Uid) != os.Getuid()) {
		return fmt.Errorf("%s is not a folder of yours: choose another one with --dir", path)
	}
	return nil
}
