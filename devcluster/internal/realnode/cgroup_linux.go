package realnode

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// hierarchy is a mounted cgroup hierarchy: one of several in version 1, the only one in version 2.
type hierarchy struct {
	mount       string
	v2          bool
	controllers []string
}

func hierarchies() ([]hierarchy, error) {
	mounts, err := readMounts()
	if err != nil {
		return nil, err
	}
	var list []hierarchy
	for _, m := range mounts {
		switch m.kind {
		case "cgroup":
			list = append(list, hierarchy{mount: m.point, controllers: strings.Split(m.options, ",")})
		case "cgroup2":
			raw, _ := os.ReadFile(filepath.Join(m.point, "cgroup.controllers"))
			list = append(list, hierarchy{mount: m.point, v2: true, controllers: strings.Fields(string(raw))})
		}
	}
	return list, nil
}

// checkCgroups checks what createCgroups requires.
func checkCgroups() error {
	list, err := hierarchies()
	if err != nil {
		return err
	}
	for _, c := range []string{"cpu", "cpuset", "memory", "pids"} {
		i := slices.IndexFunc(list, func(h hierarchy) bool { return slices.Contains(h.controllers, c) })
		if i < 0 {
			return fmt.Errorf("the cgroup controller %q is not available", c)
		}
		if unix.Access(list[i].mount, unix.W_OK) != nil {
			return fmt.Errorf("the cgroup controller %q is read-only here (in a container?)", c)
		}
	}
	return nil
}

// createCgroups creates the parent cgroup of all Pods. The kubelet requires it in every hierarchy.
func createCgroups(name string) error {
	list, err := hierarchies()
	if err != nil {
		return err
	}
	for _, h := range list {
		if h.v2 {
			h.delegate()
		}
		dir := filepath.Join(h.mount, name)
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if !h.v2 && slices.Contains(h.controllers, "cpuset") {
			if err := inheritCpuset(h.mount, dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// delegate enables each controller for the children of the root. The kubelet reports any that is missing.
func (h hierarchy) delegate() {
	for _, c := range h.controllers {
		_ = os.WriteFile(filepath.Join(h.mount, "cgroup.subtree_control"), []byte("+"+c), 0o644)
	}
}

// inheritCpuset is required in version 1, where a new cpuset is empty and accepts no process.
func inheritCpuset(parent, dir string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(parent, file))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, file), value, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// cgroupDirs lists a cgroup and its descendants in all hierarchies, children first.
func cgroupDirs(name string) ([]string, error) {
	list, err := hierarchies()
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, h := range list {
		_ = filepath.WalkDir(filepath.Join(h.mount, name), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				dirs = append(dirs, path)
			}
			return nil // a cgroup that was removed concurrently is not an error
		})
	}
	slices.Reverse(dirs)
	return dirs, nil
}

func cgroupPids(name string) ([]int, error) {
	dirs, err := cgroupDirs(name)
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, dir := range dirs {
		raw, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		for field := range strings.FieldsSeq(string(raw)) {
			if pid, err := strconv.Atoi(field); err == nil && pid > 0 {
				pids = append(pids, pid)
			}
		}
	}
	return pids, nil
}

// removeCgroups reports whether all are removed: a cgroup stays busy for a moment after its last process has exited.
func removeCgroups(name string) (bool, error) {
	dirs, err := cgroupDirs(name)
	if err != nil {
		return false, err
	}
	for _, dir := range dirs {
		if err := unix.Rmdir(dir); errors.Is(err, unix.EBUSY) {
			return false, nil
		} else if err != nil && !errors.Is(err, unix.ENOENT) {
			return false, fmt.Errorf("removing cgroup %s: %w", dir, err)
		}
	}
	return true, nil
}
