package realnode

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// killProcesses kills the processes of the node and reports whether there were none left.
// A process may fork while it is killed, so it has to be repeated.
func killProcesses(l layout) (bool, error) {
	pids, err := cgroupPids(l.Cgroup())
	if err != nil {
		return false, err
	}
	thawCgroup(l.Cgroup())
	pids = append(pids, daemonPids(l.Run)...)
	for _, pid := range pids {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
	return len(pids) == 0, nil
}

// thawCgroup is required in version 1, where SIGKILL has no effect on a frozen process.
func thawCgroup(cgroup string) {
	dirs, _ := cgroupDirs(cgroup)
	for _, dir := range dirs {
		file := filepath.Join(dir, "freezer.state")
		if _, err := os.Stat(file); err == nil {
			_ = os.WriteFile(file, []byte("THAWED"), 0o644)
		}
	}
}

// daemonPids finds containerd, its shims and the kubelet of the node, which are outside its cgroup.
func daemonPids(run string) []int {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	var pids []int
	for _, dir := range dirs {
		raw, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil || !isDaemon(strings.Split(string(bytes.TrimRight(raw, "\x00")), "\x00"), run) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// isDaemon excludes other programs that have a path below the folder as argument, such as an editor.
func isDaemon(args []string, run string) bool {
	switch filepath.Base(args[0]) {
	case "containerd", "containerd-shim-runc-v2", "runc", "ctr":
		return hasPrefix(args[1:], run+"/")
	default:
		return len(args) > 1 && args[1] == "kubelet" && hasPrefix(args[2:], "--config="+run+"/")
	}
}

func hasPrefix(args []string, prefix string) bool {
	return slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, prefix) })
}
