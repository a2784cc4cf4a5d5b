package realnode

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/jsonfile"
)

// The CNI plugin changes the first, the kubelet the others.
var sysctls = []string{
	"net/ipv4/ip_forward",
	"vm/overcommit_memory", "vm/panic_on_oom",
	"kernel/panic", "kernel/panic_on_oops",
	"kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
}

var sysctlFile = filepath.Join(runRoot, "sysctl.json")

// saveSysctls stores the values before the first cluster on the machine starts.
func saveSysctls() error {
	return withLock(func() error {
		if _, err := os.Stat(sysctlFile); err == nil {
			return nil
		}
		values := map[string]string{}
		for _, name := range sysctls {
			if raw, err := os.ReadFile(filepath.Join("/proc/sys", name)); err == nil {
				values[name] = strings.TrimSpace(string(raw))
			}
		}
		return jsonfile.Write(sysctlFile, values)
	})
}

// restoreSysctls restores them after the last cluster on the machine. Call it after removing the folder of this one.
func restoreSysctls() error {
	return withLock(func() error {
		others, err := filepath.Glob(filepath.Join(runRoot, "*", "journal.json"))
		if err != nil || len(others) > 0 {
			return err
		}
		var values map[string]string
		err = jsonfile.Read(sysctlFile, &values)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return errors.Join(writeSysctls(values), os.Remove(sysctlFile))
	})
}

func writeSysctls(values map[string]string) error {
	var errs []error
	for name, value := range values {
		file := filepath.Join("/proc/sys", name)
		if current, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(current)) != value {
			errs = append(errs, os.WriteFile(file, []byte(value), 0o644))
		}
	}
	return errors.Join(errs...)
}

// withLock serializes clusters that start and stop at the same time.
func withLock(do func() error) error {
	if err := os.MkdirAll(runRoot, 0o755); err != nil {
		return err
	}
	f, err := os.Open(runRoot)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("locking %s: %w", f.Name(), err)
	}
	return do()
}
