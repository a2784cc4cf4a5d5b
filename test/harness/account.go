//go:build real

package harness

import (
	"os"
	"path/filepath"
	"testing"
)

// What the product needs, and no more: of the Pods in the namespace of its workers, of its Lease, and of its Events.
const (
	rights      = "create,delete,get,list,watch"
	leaseRights = "create,get,update"
	eventRights = "create,patch"
)

// NewAccount makes a ServiceAccount that has exactly the product's rights in a namespace, and returns the path of its
// kubeconfig.
func (c *Cluster) NewAccount(t *testing.T, namespace string) string {
	t.Helper()
	account := namespace + ":ottoscaler"
	for _, args := range [][]string{
		{"create", "serviceaccount", "ottoscaler"},
		{"create", "role", "ottoscaler", "--verb=" + rights, "--resource=pods"},
		{"create", "rolebinding", "ottoscaler", "--role=ottoscaler", "--serviceaccount=" + account},
		{"create", "role", "ottoscaler-leader", "--verb=" + leaseRights, "--resource=leases.coordination.k8s.io"},
		{"create", "rolebinding", "ottoscaler-leader", "--role=ottoscaler-leader", "--serviceaccount=" + account},
		{"create", "role", "ottoscaler-events", "--verb=" + eventRights, "--resource=events.events.k8s.io"},
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
