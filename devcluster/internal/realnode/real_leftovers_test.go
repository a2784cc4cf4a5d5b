//go:build real && linux

package realnode

import (
	"bytes"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLeavesNothing(t *testing.T) {
	needRealNode(t)
	sysctlsBefore := readSysctls(t)
	tests := map[string]func(*testCluster){
		"after SIGTERM":           func(c *testCluster) { c.stop(syscall.SIGTERM) },
		"after SIGKILL and clean": func(c *testCluster) { c.stop(syscall.SIGKILL); c.run("clean") },
		"after SIGKILL and up": func(c *testCluster) {
			c.stop(syscall.SIGKILL)
			startCluster(c.t, c.dir).stop(syscall.SIGTERM)
		},
	}
	for name, end := range tests {
		t.Run(name, func(t *testing.T) {
			// Longer than a socket's path may be.
			c := startCluster(t, filepath.Join(t.TempDir(), strings.Repeat("a-long-name-", 9)))
			c.apply(podYAML("lives", `command: [sh, -c, "trap : TERM; while :; do sleep 1; done"]`))
			c.waitPhase("lives", "Running")
			w := watchFor(t, c.dir)
			if kinds := w.kinds(); len(kinds) < 8 {
				t.Fatalf("a running cluster shows only %v: this test would not see leftovers", kinds)
			}
			end(c)
			if left := w.settle(); len(left) > 0 {
				t.Errorf("left behind: %s", strings.Join(left, "\n"))
			}
		})
	}
	if others, _ := filepath.Glob(filepath.Join(runRoot, "*", "journal.json")); len(others) == 0 {
		if diff := cmp.Diff(sysctlsBefore, readSysctls(t)); diff != "" {
			t.Errorf("kernel settings: %s", diff)
		}
	}
}

func TestTwoClusters(t *testing.T) {
	needRealNode(t)
	a, b := startCluster(t, t.TempDir()), startCluster(t, t.TempDir())
	for _, c := range []*testCluster{a, b} {
		c.apply(podYAML("lives", `command: [sleep, "600"]`))
		c.waitPhase("lives", "Running")
	}
	a.stop(syscall.SIGKILL)
	a.run("clean")
	b.apply(podYAML("next", `command: ["true"]`))
	b.waitPhase("next", "Succeeded")
	if p := b.pod("lives"); p.Phase != "Running" || p.ContainerStatuses[0].RestartCount != 0 {
		t.Errorf("cleaning one cluster disturbed the other: %+v", p)
	}
}

// watcher looks for what one cluster has on the machine, by other means than the sweep.
type watcher struct {
	t       *testing.T
	dir, id string
	service string
	pods    *net.IPNet
	files   []string // with names that only the running cluster knows
}

func watchFor(t *testing.T, dir string) *watcher {
	t.Helper()
	l := mustLayout(t, dir)
	j, err := readJournal(l.Journal())
	if err != nil {
		t.Fatal(err)
	}
	_, pods, err := net.ParseCIDR(j.PodCIDR)
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{t: t, dir: dir, id: l.ID, service: j.ServiceIP, pods: pods}
	addresses, _ := filepath.Glob(l.Run + "/containerd/io.containerd.runtime.v2.task/k8s.io/*/address")
	for _, file := range addresses {
		raw, _ := os.ReadFile(file)
		w.files = append(w.files, strings.TrimPrefix(string(raw), "unix://"))
		sandbox := filepath.Base(filepath.Dir(file))
		cached, _ := filepath.Glob("/var/lib/cni/results/*-" + sandbox + "-*")
		w.files = append(w.files, cached...)
	}
	return w
}

// settle gives the kernel a moment: it takes network namespaces down in the background.
func (w *watcher) settle() []string {
	for range 20 {
		if len(w.seen()) == 0 {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return w.seen()
}

func (w *watcher) kinds() []string {
	var kinds []string
	for _, s := range w.seen() {
		kind, _, _ := strings.Cut(s, " ")
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

func (w *watcher) seen() []string {
	return slices.Concat(w.processes(), w.mounts(), w.cgroups(), w.addresses(), w.leftFiles())
}

func (w *watcher) processes() []string {
	var found []string
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		raw, _ := os.ReadFile(file)
		mine := bytes.Contains(raw, []byte(w.dir)) || bytes.Contains(raw, []byte("/"+w.id+"/"))
		cgroups, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cgroup"))
		switch {
		case bytes.Contains(cgroups, []byte("devcluster-"+w.id)) && len(raw) > 0:
			found = append(found, "contained "+string(raw))
		case mine && !bytes.Contains(raw, []byte("\x00kubectl\x00")):
			found = append(found, "process "+strings.ReplaceAll(string(raw), "\x00", " "))
		}
	}
	return found
}

func (w *watcher) mounts() []string {
	raw, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		w.t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(raw)) {
		if strings.Contains(line, w.dir) || strings.Contains(line, "/"+w.id+"/") {
			found = append(found, "mount "+line)
		}
	}
	return found
}

func (w *watcher) cgroups() []string {
	var found []string
	_ = filepath.WalkDir("/sys/fs/cgroup", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "devcluster-"+w.id) {
			found = append(found, "cgroup "+path)
		}
		return nil
	})
	return found
}

func (w *watcher) addresses() []string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		w.t.Fatal(err)
	}
	var found []string
	for _, a := range all {
		ip := a.(*net.IPNet).IP
		if ip.String() == w.service {
			found = append(found, "service-address "+a.String())
		}
		if w.pods.Contains(ip) {
			found = append(found, "link with "+a.String())
		}
	}
	return found
}

func (w *watcher) leftFiles() []string {
	patterns := append([]string{
		"/run/devcluster/" + w.id,
		"/var/lib/cni/*/*" + w.id + "*",
		w.dir + "/node",
	}, w.files...)
	var found []string
	for _, pattern := range patterns {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			found = append(found, "file:"+filepath.Dir(file)+" "+file)
		}
	}
	links, _ := filepath.Glob("/var/log/containers/*")
	for _, link := range links {
		if target, _ := os.Readlink(link); strings.HasPrefix(target, w.dir) {
			found = append(found, "file:"+filepath.Dir(link)+" "+link)
		}
	}
	return found
}

func readSysctls(t *testing.T) map[string]string {
	t.Helper()
	values := map[string]string{}
	for _, name := range sysctls {
		raw, err := os.ReadFile("/proc/sys/" + name)
		if err != nil {
			t.Fatal(err)
		}
		values[name] = string(raw)
	}
	return values
}
