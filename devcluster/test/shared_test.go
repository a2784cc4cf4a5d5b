//go:build real

package test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestSharedCluster runs the tests that can share a cluster: each start takes seconds.
func TestSharedCluster(t *testing.T) {
	c := up(t, newDir(t))
	for _, tt := range []struct {
		name string
		test func(*testing.T, *cluster)
	}{
		{"Pod lifecycle", testPodLifecycle},
		{"audit log", testAuditLog},
		{"tokens", testTokens},
		{"second up", testSecondUp},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, c.with(t)) })
	}
}

func testPodLifecycle(t *testing.T, c *cluster) {
	const terminated, waiting = ".status.containerStatuses[0].state.terminated", ".status.containerStatuses[0].state.waiting"
	tests := []struct {
		name        string
		annotations []string
		path, want  string
		phase       string
	}{
		{"default", nil, terminated + ".exitCode", "0", "Succeeded"},
		{"seven", []string{"devcluster.io/exit-code=7", "devcluster.io/duration=200ms"}, terminated + ".exitCode", "7", "Failed"},
		{"oom", []string{"devcluster.io/fault=oom", "devcluster.io/duration=0s"}, terminated + ".reason", "OOMKilled", "Failed"},
		{"evicted", []string{"devcluster.io/fault=evict", "devcluster.io/duration=0s"}, ".status.reason", "Evicted", "Failed"},
		{"no-image", []string{"devcluster.io/fault=image-pull"}, waiting + ".reason", "ImagePullBackOff", "Pending"},
		{"hanging", []string{"devcluster.io/fault=hang"}, waiting + ".reason", "ContainerCreating", "Pending"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := c.with(t)
			c.createPod(tt.name, tt.annotations...)
			c.waitPod(tt.name, tt.path, tt.want)
			c.waitPod(tt.name, ".status.phase", tt.phase)
			c.run("kubectl", "delete", "pod", tt.name, "--timeout=20s")
		})
	}
}

func testAuditLog(t *testing.T, c *cluster) {
	before := countAudited(t, c.dir)
	c.createPod("counted", "devcluster.io/duration=0s")
	c.waitPod("counted", ".status.phase", "Succeeded")
	c.run("kubectl", "delete", "pod", "counted")
	after := countAudited(t, c.dir)
	for _, verb := range []string{"create", "delete"} {
		if n := after[verb] - before[verb]; n != 1 {
			t.Errorf("the admin sent %d requests to %s Pods, want 1", n, verb)
		}
	}
}

// countAudited counts the completed requests of the admin for Pods, without subresources, by verb.
func countAudited(t *testing.T, dir string) map[string]int {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "audit.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	counts := map[string]int{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct {
			Verb, Stage string
			User        struct{ Username string }
			ObjectRef   struct{ Resource, Subresource string }
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%v in %s", err, lines.Text())
		}
		if e.Stage == "ResponseComplete" && e.User.Username == "devcluster-admin" && e.ObjectRef.Resource == "pods" && e.ObjectRef.Subresource == "" {
			counts[e.Verb]++
		}
	}
	return counts
}

func testTokens(t *testing.T, c *cluster) {
	config := filepath.Join(t.TempDir(), "sa")
	if err := os.WriteFile(config, []byte(c.run("kubeconfig", "--serviceaccount", "default/default")), 0o600); err != nil {
		t.Fatal(err)
	}
	if who := c.run("kubectl", "--kubeconfig", config, "auth", "whoami"); !strings.Contains(who, "system:serviceaccount:default:default") {
		t.Errorf("the token belongs to %s", who)
	}
	if out, err := c.tryRun("kubectl", "--kubeconfig", config, "get", "pods"); err == nil || !strings.Contains(out, "Forbidden") {
		t.Errorf("without a role: %v, %s", err, out)
	}
	if v := c.run("kubectl", "version"); strings.Count(v, "v1.37.") != 2 {
		t.Errorf("versions: %s", v)
	}
}

func testSecondUp(t *testing.T, c *cluster) {
	out, err := c.tryRun("up", "--node", "kwok")
	if err == nil || !strings.Contains(out, "process "+strconv.Itoa(c.cmd.Process.Pid)) {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := c.tryRun("clean"); err == nil {
		t.Errorf("clean removed a running cluster: %s", out)
	}
	c.run("kubectl", "get", "nodes")
}
