package realnode

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// The CNI plugin changes the first, the kubelet the others, both without asking.
var sysctls = []string{
	"net/ipv4/ip_forward",
	"vm/overcommit_memory", "vm/panic_on_oom",
	"kernel/panic", "kernel/panic_on_oops",
	"kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes",
}

var sysctlFile = filepath.Join(runRoot, "sysctl.json")

// saveSysctls keeps the values from before the first cluster on the machine.
func saveSysctls() error {
	return locked(func() error {
		if _, err := os.Stat(sysctlFile); err == nil {
			return nil
		}
		values := map[string]string{}
		for _, name := range sysctls {
			if raw, err := os.ReadFile(filepath.Join("/proc/sys", name)); err == nil {
				values[name] = strings.TrimSpace(string(raw))
			}
		}
		raw, err := json.Marshal(values)
		if err != nil {
			return err
		}
		return os.WriteFile(sysctlFile, raw, 0o600)
	})
}

// restoreSysctls gives them back after the last cluster on the machine. It is called when the folder of
// this one is gone.
func restoreSysctls() error {
	return locked(func() error {
		others, err := filepath.Glob(filepath.Join(runRoot, "*", "journal.json"))
		if err != nil || len(others) > 0 {
			return err
		}
		raw, err := os.ReadFile(sysctlFile)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		var values map[string]string
		if err := json.Unmarshal(raw, &values); err != nil {
			return fmt.Errorf("reading %s: %w", sysctlFile, err)
		}
		return errors.Join(writeSysctls(values), os.Remove(sysctlFile))
	})
}

func writeSysctls(values map[string]string) error {
	var errs []error
	for name, value := range values {
		file := filepath.Join("/proc/sys", name)
		if now, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(now)) != value {
			errs = append(errs, os.WriteFile(file, []byte(value), 0o644))
		}
	}
	return errors.Join(errs...)
}

// locked keeps two clusters that start and stop at the same moment apart.
func locked(do func() error) error {
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
