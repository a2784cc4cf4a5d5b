//go:build real

package install

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/test/harness"
)

const root = "../.."

// targets runs make as a new user does, with the cluster as the current context.
type targets struct {
	t   *testing.T
	env []string
}

func (m targets) run(target ...string) string {
	m.t.Helper()
	cmd := exec.Command("make", append([]string{"--no-print-directory", "-C", root}, target...)...)
	cmd.Env = append(os.Environ(), m.env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		m.t.Fatalf("make %v: %v\n%s", target, err, out)
	}
	return string(out)
}

// TestTargets follows docs/install.md: four targets, and an event starts three workers.
func TestTargets(t *testing.T) {
	port := redistest.FreePort(t)
	m := targets{t, []string{"KUBECONFIG=" + cluster.Kubeconfig, "REDIS_PORT=" + port, "REDIS_DIR=" + t.TempDir()}}
	m.run("redis")
	t.Cleanup(func() {
		m.run("redis-stop")
		kubectl(t, "delete", "-f", "../../deploy/namespaces.yaml")
	})
	if out := m.run("k8s-deploy"); !strings.Contains(out, "make test-event") {
		t.Errorf("the output does not name the next step:\n%s", out)
	}
	client := goredis.NewClient(&goredis.Options{Addr: "127.0.0.1:" + port, MaxRetries: -1, DisableIdentity: true, Protocol: 2})
	t.Cleanup(func() { _ = client.Close() })
	if out := m.run("test-event"); !strings.Contains(out, "sent to localhost:"+port) {
		t.Errorf("the event went elsewhere:\n%s", out)
	}
	entries := untilClosed(t, client)
	for _, want := range []string{"accepted", "worker 1 succeeded", "worker 2 succeeded", "worker 3 succeeded"} {
		if !slices.Contains(entries, want) {
			t.Errorf("no %q in %v", want, entries)
		}
	}
	if out := m.run("k8s-logs", "FOLLOW=false"); !strings.Contains(out, "event closed") {
		t.Errorf("the log:\n%s", out)
	}
}

func kubectl(t *testing.T, args ...string) {
	t.Helper()
	if _, err := cluster.Kubectl(args...); err != nil {
		t.Error(err)
	}
}

// untilClosed follows the status stream to the end of the first event.
func untilClosed(t *testing.T, client *goredis.Client) (entries []string) {
	t.Helper()
	for after := "0"; ; {
		streams, err := client.XRead(t.Context(), &goredis.XReadArgs{
			Streams: []string{"{" + harness.Stream + "}:status", after}, Block: 2 * time.Minute,
		}).Result()
		if err != nil {
			t.Fatalf("after %v: %v", entries, err)
		}
		for _, m := range streams[0].Messages {
			after = m.ID
			kind, _ := m.Values["kind"].(string)
			if kind == "closed" {
				return entries
			}
			if kind == "worker" {
				kind += " " + m.Values["index"].(string) + " " + m.Values["state"].(string)
			}
			entries = append(entries, kind)
		}
	}
}

// TestBuildIsReproducible builds the image here and in a copy: both have one digest.
func TestBuildIsReproducible(t *testing.T) {
	elsewhere := t.TempDir()
	for _, part := range []string{"go.mod", "go.sum", "api", "cmd", "internal", "tools/deploy", "scripts/image.sh"} {
		from, to := filepath.Join(root, part), filepath.Join(elsewhere, part)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("cp", "-R", from, to).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	here, there := pack(t, root), pack(t, elsewhere)
	if here != there || !strings.HasPrefix(here, "sha256:") {
		t.Errorf("two builds: %s and %s", here, there)
	}
}

func pack(t *testing.T, dir string) (digest string) {
	t.Helper()
	script, archive := filepath.Join(dir, "scripts/image.sh"), filepath.Join(t.TempDir(), "image.tar")
	out, err := exec.Command(script, "ottoscaler:test", "test", archive).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(out))
	return lines[len(lines)-1]
}
