//go:build real

package harness

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
)

// Release is the name of the Helm release of an installed Stack, and so of its objects.
const Release = "ottoscaler"

// NewInstalled is a Stack whose product the chart runs in the cluster, in a namespace of its own beside that of the
// workers; both enforce Pod Security restricted. Its Redis, with further arguments for its command line, also listens
// where Pods reach it. Nothing is installed yet.
func NewInstalled(t *testing.T, c *Cluster, redisArgs ...string) *Stack {
	t.Helper()
	id := fmt.Sprintf("%x", time.Now().UnixNano())
	s := &Stack{t: t, Cluster: c, Namespace: "w" + id, home: "m" + id}
	s.Server = redistest.Start(t, append([]string{
		"--appendonly", "yes", "--appendfsync", "always", "--bind", "127.0.0.1", c.ServiceIP, "--protected-mode", "no",
	}, redisArgs...)...)
	s.Redis = s.Server.Client()
	s.record()
	for _, namespace := range []string{s.Namespace, s.home} {
		s.Kubectl("create", "namespace", namespace)
		s.Kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
	}
	t.Cleanup(func() {
		if t.Failed() {
			s.tell()
		}
		_, _ = s.Helm("uninstall", Release, "--wait")
		s.Kubectl("delete", "namespace", s.Namespace, s.home, "--wait=false")
	})
	return s
}

// Home is the namespace of the Main Pod.
func (s *Stack) Home() string { return s.home }

// AccountKubeconfig is a file with the Main Pod's own access.
func (s *Stack) AccountKubeconfig() string {
	s.t.Helper()
	config, err := s.Cluster.accountKubeconfig(s.home, "ottoscaler")
	if err != nil {
		s.t.Fatal(err)
	}
	path := filepath.Join(s.t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// Idle says that no event is sent on purpose: there is nothing to judge.
func (s *Stack) Idle() { s.verdict.judged = true }

// RedisValues are the chart's values for this stack's Redis.
func (s *Stack) RedisValues() []string {
	s.t.Helper()
	_, port, err := net.SplitHostPort(s.Server.Addr)
	if err != nil {
		s.t.Fatal(err)
	}
	return []string{"--set", "redis.host=" + s.Cluster.ServiceIP, "--set", "redis.port=" + port, "--set", "workers.namespace=" + s.Namespace}
}

// Helm runs Helm as the admin, in the Main Pod's namespace, and returns what it printed.
func (s *Stack) Helm(args ...string) (string, error) {
	s.t.Helper()
	path, err := binary("HELM", "helm")
	if err != nil {
		s.t.Fatal(err)
	}
	home := s.t.TempDir()
	cmd := exec.Command(path, append(args, "--namespace", s.home, "--kubeconfig", s.Cluster.Kubeconfig)...)
	cmd.Env = append(os.Environ(), "HELM_CONFIG_HOME="+home, "HELM_CACHE_HOME="+home, "HELM_DATA_HOME="+home)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("helm %v: %w: %s", args, err, out.String())
	}
	return out.String(), nil
}

// tell logs how the Main Pods are, for a test that failed.
func (s *Stack) tell() {
	for _, args := range [][]string{
		{"get", "pods,events", "-n", s.home},
		{"logs", "-n", s.home, "-l", "app.kubernetes.io/component=main", "--prefix", "--tail=100"},
		{"get", "pods,events", "-n", s.Namespace},
	} {
		out, err := s.Cluster.Kubectl(args...)
		s.t.Logf("kubectl %v: %v\n%s", args, err, out)
	}
}

// AsUser lets what the test itself sends and looks up in Redis go on under another user.
func (s *Stack) AsUser(name, password string) *goredis.Client {
	client := goredis.NewClient(&goredis.Options{
		Addr: s.Server.Addr, Username: name, Password: password, MaxRetries: -1, DisableIdentity: true, Protocol: 2,
	})
	s.t.Cleanup(func() { _ = client.Close() })
	return client
}

// Load puts a docker-archive into the cluster's node.
func (c *Cluster) Load(archive string) error {
	if out, err := exec.Command(c.binary, "load", archive, "--dir", c.Dir).CombinedOutput(); err != nil {
		return fmt.Errorf("devcluster load %s: %w: %s", archive, err, out)
	}
	return nil
}
