//go:build real

package harness

import (
	"os"
	"path/filepath"
	"testing"
)

// The verbs that the product needs, and no more: for Pods and Events about them in the namespace of its workers, for its
// Lease and for its Events.
const (
	podVerbs   = "create,delete,get,list,watch"
	leaseVerbs = "create,get,update"
	eventVerbs = "create,patch"
	warnVerbs  = "list" // Events about Pods
)

// NewAccount creates a ServiceAccount with exactly the product's permissions in a namespace, and returns the path of its
// kubeconfig.
func (c *Cluster) NewAccount(t *testing.T, namespace string) string {
	t.Helper()
	account := namespace + ":ottoscaler"
	for _, args := range [][]string{
		{"create", "serviceaccount", "ottoscaler"},
		{"create", "role", "ottoscaler", "--verb=" + podVerbs, "--resource=pods"},
		{"create", "rolebinding", "ottoscaler", "--role=ottoscaler", "--serviceaccount=" + account},
		{"create", "role", "ottoscaler-pod-events", "--verb=" + warnVerbs, "--resource=events"},
		{"create", "rolebinding", "ottoscaler-pod-events", "--role=ottoscaler-pod-events", "--serviceaccount=" + account},
		{"create", "role", "ottoscaler-leader", "--verb=" + leaseVerbs, "--resource=leases.coordination.k8s.io"},
		{"create", "rolebinding", "ottoscaler-leader", "--role=ottoscaler-leader", "--serviceaccount=" + account},
		{"create", "role", "ottoscaler-events", "--verb=" + eventVerbs, "--resource=events.events.k8s.io"},
		{"create", "rolebinding", "ottoscaler-events", "--role=ottoscaler-events", "--serviceaccount=" + account},
	} {
		if _, err := c.Kubectl(append(args, "-n", namespace)...); err != nil {
			t.Fatal(err)
		}
	}
	config, err := c.accountKubeconfig(namespace, "ottoscaler")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
