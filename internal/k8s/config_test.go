package k8s

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
)

const kubeconfig = `
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: k, user: u, namespace: builds}}]
clusters: [{name: k, cluster: {server: "https://127.0.0.1:6443"}}]
users: [{name: u, user: {token: t}}]
`

func TestLoadConfig(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	file := filepath.Join(t.TempDir(), "config")
	k8stest.WriteFile(t, file, kubeconfig)
	t.Setenv("KUBECONFIG", file)
	cfg, namespace, err := LoadConfig()
	if err != nil || cfg.Host != "https://127.0.0.1:6443" || namespace != "builds" {
		t.Errorf("got %v, %q, %v", cfg, namespace, err)
	}
}

func TestLoadConfigFails(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	broken := filepath.Join(t.TempDir(), "config")
	k8stest.WriteFile(t, broken, "\tx")
	for name, test := range map[string]struct{ file, want string }{
		"none":   {filepath.Join(t.TempDir(), "none"), "no access to Kubernetes"},
		"broken": {broken, "reading the kubeconfig"},
	} {
		t.Setenv("KUBECONFIG", test.file)
		if _, _, err := LoadConfig(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestPodNamespace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "namespace")
	k8stest.WriteFile(t, file, "ci\n")
	if got := podNamespace(file); got != "ci" {
		t.Errorf("got %q", got)
	}
	if got := podNamespace(file + "x"); got != "default" {
		t.Errorf("got %q", got)
	}
}
