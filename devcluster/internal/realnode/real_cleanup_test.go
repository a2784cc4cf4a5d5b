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

func TestCleanup(t *testing.T) {
	requireRealNode(t)
	sysctlsBefore := readSysctls(t)
	tests := map[string]func(*testCluster){
		"after SIGTERM":           func(c *testCluster) { c.stop(syscall.SIGTERM) },
		"after SIGKILL and clean": func(c *testCluster) { c.stop(syscall.SIGKILL); c.run("clean") },
		"after SIGKILL and up": func(c *testCluster) {
			c.stop(syscall.SIGKILL)
			startCluster(c.t, c.dir).stop(syscall.SIGTERM)
		},
	}
	for name, stop := range tests {
		t.Run(name, func(t *testing.T) {
			// Exceeds the limit of socket paths.
			c := startCluster(t, filepath.Join(t.TempDir(), strings.Repeat("a-long-name-", 9)))
			c.apply(podYAML("running", `command: [sh, -c, "trap : TERM; while :; do sleep 1; done"]`))
			c.waitPhase("running", "Running")
			r := findResources(t, c.dir)
			if kinds := r.kinds(); len(kinds) < 8 {
				t.Fatalf("found only %v of a running cluster: the test would miss what cleanup misses", kinds)
			}
			stop(c)
			if left := r.remaining(); len(left) > 0 {
				t.Errorf("not removed: %s", strings.Join(left, "\n"))
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
	requireRealNode(t)
	a, b := startCluster(t, t.TempDir()), startCluster(t, t.TempDir())
	for _, c := range []*testCluster{a, b} {
		c.apply(podYAML("running", `command: [sleep, "600"]`))
		c.waitPhase("running", "Running")
	}
	a.stop(syscall.SIGKILL)
	a.run("clean")
	b.apply(podYAML("next", `command: ["true"]`))
	b.waitPhase("next", "Succeeded")
	if p := b.pod("running"); p.Phase != "Running" || p.ContainerStatuses[0].RestartCount != 0 {
		t.Errorf("cleaning up one cluster affected the other: %+v", p)
	}
}

// resources finds what one cluster has on the machine, independently of the code that cleans up.
type resources struct {
	t       *testing.T
	dir, id string
	service string
	pods    *net.IPNet
	files   []string // whose names are known only while the cluster runs
}

func findResources(t *testing.T, dir string) *resources {
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
	r := &resources{t: t, dir: dir, id: l.ID, service: j.ServiceIP, pods: pods}
	addresses, _ := filepath.Glob(l.Run + "/containerd/io.containerd.runtime.v2.task/k8s.io/*/address")
	for _, file := range addresses {
		raw, _ := os.ReadFile(file)
		r.files = append(r.files, strings.TrimPrefix(string(raw), "unix://"))
		sandbox := filepath.Base(filepath.Dir(file))
		cached, _ := filepath.Glob("/var/lib/cni/results/*-" + sandbox + "-*")
		r.files = append(r.files, cached...)
	}
	return r
}

// remaining waits a moment: the kernel removes network namespaces in the background.
func (r *resources) remaining() []string {
	for range 20 {
		if len(r.all()) == 0 {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return r.all()
}

func (r *resources) kinds() []string {
	var kinds []string
	for _, s := range r.all() {
		kind, _, _ := strings.Cut(s, " ")
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

func (r *resources) all() []string {
	return slices.Concat(r.processes(), r.mounts(), r.cgroups(), r.addresses(), r.existingFiles())
}

func (r *resources) processes() []string {
	var found []string
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		raw, _ := os.ReadFile(file)
		belongs := bytes.Contains(raw, []byte(r.dir)) || bytes.Contains(raw, []byte("/"+r.id+"/"))
		cgroups, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cgroup"))
		switch {
		case bytes.Contains(cgroups, []byte("devcluster-"+r.id)) && len(raw) > 0:
			found = append(found, "contained-process "+string(raw))
		case belongs && !bytes.Contains(raw, []byte("\x00kubectl\x00")):
			found = append(found, "process "+strings.ReplaceAll(string(raw), "\x00", " "))
		}
	}
	return found
}

func (r *resources) mounts() []string {
	raw, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		r.t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(raw)) {
		if strings.Contains(line, r.dir) || strings.Contains(line, "/"+r.id+"/") {
			found = append(found, "mount "+line)
		}
	}
	return found
}

func (r *resources) cgroups() []string {
	var found []string
	_ = filepath.WalkDir("/sys/fs/cgroup", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, "devcluster-"+r.id) {
			found = append(found, "cgroup "+path)
		}
		return nil
	})
	return found
}

func (r *resources) addresses() []string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		r.t.Fatal(err)
	}
	var found []string
	for _, a := range all {
		ip := a.(*net.IPNet).IP
		if ip.String() == r.service {
			found = append(found, "service-address "+a.String())
		}
		if r.pods.Contains(ip) {
			found = append(found, "link with "+a.String())
		}
	}
	return found
}

func (r *resources) existingFiles() []string {
	patterns := append([]string{
		"/run/devcluster/" + r.id,
		"/var/lib/cni/*/*" + r.id + "*",
		r.dir + "/node",
	}, r.files...)
	var found []string
	for _, pattern := range patterns {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			found = append(found, "file:"+filepath.Dir(file)+" "+file)
		}
	}
	links, _ := filepath.Glob("/var/log/containers/*")
	for _, link := range links {
		if target, _ := os.Readlink(link); strings.HasPrefix(target, r.dir) {
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
