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

// NewInstalled is a Stack for a product that the chart installs in the cluster, in a namespace separate from that of the
// workers; both enforce Pod Security restricted. Its Redis, with further arguments for its command line, also listens
// on the address that Pods reach. Nothing is installed yet.
func NewInstalled(t *testing.T, c *Cluster, redisArgs ...string) *Stack {
	t.Helper()
	id := fmt.Sprintf("%x", time.Now().UnixNano())
	s := &Stack{t: t, Cluster: c, Namespace: "w" + id, mainNamespace: "m" + id, auditStart: c.auditSize(t)}
	s.Server = redistest.Start(t, append([]string{
		"--appendonly", "yes", "--appendfsync", "always", "--bind", "127.0.0.1", c.ServiceIP, "--protected-mode", "no",
	}, redisArgs...)...)
	s.Redis = s.Server.Client()
	s.record()
	for _, namespace := range []string{s.Namespace, s.mainNamespace} {
		s.Kubectl("create", "namespace", namespace)
		s.Kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
	}
	t.Cleanup(func() {
		if t.Failed() {
			s.logMainPods()
		}
		_, _ = s.Helm("uninstall", Release, "--wait")
		s.Kubectl("delete", "namespace", s.Namespace, s.mainNamespace, "--wait=false")
	})
	return s
}

// MainNamespace is the namespace of the Main Pod.
func (s *Stack) MainNamespace() string { return s.mainNamespace }

// AccountKubeconfig is the path of a kubeconfig with the Main Pod's account.
func (s *Stack) AccountKubeconfig() string {
	s.t.Helper()
	config, err := s.Cluster.accountKubeconfig(s.mainNamespace, "ottoscaler")
	if err != nil {
		s.t.Fatal(err)
	}
	path := filepath.Join(s.t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// SkipOracle is for a test that sends no event: there is nothing to verify.
func (s *Stack) SkipOracle() { s.recording.verified = true }

// RedisValues are the chart's values for this stack's Redis.
func (s *Stack) RedisValues() []string {
	s.t.Helper()
	_, port, err := net.SplitHostPort(s.Server.Addr)
	if err != nil {
		s.t.Fatal(err)
	}
	return []string{"--set", "redis.host=" + s.Cluster.ServiceIP, "--set", "redis.port=" + port, "--set", "workers.namespace=" + s.Namespace}
}

// Helm runs Helm as admin, in the Main Pod's namespace, and returns its output.
func (s *Stack) Helm(args ...string) (string, error) {
	s.t.Helper()
	path, err := binary("HELM", "helm")
	if err != nil {
		s.t.Fatal(err)
	}
	dir := s.t.TempDir()
	cmd := exec.Command(path, append(args, "--namespace", s.mainNamespace, "--kubeconfig", s.Cluster.Kubeconfig)...)
	cmd.Env = append(os.Environ(), "HELM_CONFIG_HOME="+dir, "HELM_CACHE_HOME="+dir, "HELM_DATA_HOME="+dir)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("helm %v: %w: %s", args, err, out.String())
	}
	return out.String(), nil
}

// logMainPods logs the state of the Main Pods, for a test that failed.
func (s *Stack) logMainPods() {
	for _, args := range [][]string{
		{"get", "pods,events", "-n", s.mainNamespace},
		{"logs", "-n", s.mainNamespace, "-l", "app.kubernetes.io/component=main", "--prefix", "--tail=100"},
		{"get", "pods,events", "-n", s.Namespace},
	} {
		out, err := s.Cluster.Kubectl(args...)
		s.t.Logf("kubectl %v: %v\n%s", args, err, out)
	}
}

// AsUser returns a client for this stack's Redis with another user.
func (s *Stack) AsUser(name, password string) *goredis.Client {
	client := goredis.NewClient(&goredis.Options{
		Addr: s.Server.Addr, Username: name, Password: password, MaxRetries: -1, DisableIdentity: true, Protocol: 2,
	})
	s.t.Cleanup(func() { _ = client.Close() })
	return client
}

// Load imports a docker-archive into the cluster's node.
func (c *Cluster) Load(archive string) error {
	if out, err := exec.Command(c.binary, "load", archive, "--dir", c.Dir).CombinedOutput(); err != nil {
		return fmt.Errorf("devcluster load %s: %w: %s", archive, err, out)
	}
	return nil
}
