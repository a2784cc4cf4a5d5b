package cluster

import (
	"fmt"
	"os"
	"time"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/kube"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/pki"
)

// Every component is a user of its own, so that the audit log tells them apart. Those in system:masters
// may do everything and bypass priority and fairness.
const masters = "system:masters"

type identity struct {
	file   string // name of its kubeconfig
	user   string
	groups []string
}

func (c *Cluster) identities() []identity {
	return []identity{
		{"admin", "devcluster-admin", []string{masters}},
		{"kube-controller-manager", "system:kube-controller-manager", nil},
		{"kube-scheduler", "system:kube-scheduler", nil},
		{"kwok", "devcluster-kwok", []string{masters}},
		{"kubelet", "system:node:" + realNodeName, []string{masters}},
	}
}

// mint makes all keys and kubeconfigs of this run anew; nothing of an earlier run is valid any more.
func (c *Cluster) mint() error {
	ca, err := pki.NewAuthority(time.Now())
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.dir.PKI("ca.crt"), ca.PEM(), 0o600); err != nil {
		return err
	}
	if err := c.mintServers(ca); err != nil {
		return err
	}
	for _, id := range c.identities() {
		if err := c.mintUser(ca, id); err != nil {
			return err
		}
	}
	admin, err := os.ReadFile(c.dir.ConfigOf("admin"))
	if err != nil {
		return err
	}
	return os.WriteFile(c.dir.Kubeconfig(), admin, 0o600)
}

func (c *Cluster) mintServers(ca *pki.Authority) error {
	server, err := ca.Server("devcluster", "127.0.0.1", "::1", "localhost", c.plan.ServiceIP.String(),
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
	if err != nil {
		return err
	}
	if err := server.Write(c.dir.PKI("server")); err != nil {
		return err
	}
	kubelet, err := ca.Client("kube-apiserver-kubelet-client", masters)
	if err != nil {
		return err
	}
	if err := kubelet.Write(c.dir.PKI("apiserver-kubelet")); err != nil {
		return err
	}
	public, private, err := pki.SigningKeys()
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.dir.PKI("sa.pub"), public, 0o600); err != nil {
		return err
	}
	return os.WriteFile(c.dir.PKI("sa.key"), private, 0o600)
}

func (c *Cluster) mintUser(ca *pki.Authority, id identity) error {
	pair, err := ca.Client(id.user, id.groups...)
	if err != nil {
		return err
	}
	access := kube.Access{Server: c.server(), CA: ca.PEM(), User: id.user, Cert: pair.Cert, Key: pair.Key}
	data, err := access.Kubeconfig()
	if err != nil {
		return fmt.Errorf("encoding the kubeconfig of %s: %w", id.file, err)
	}
	if id.file == "admin" {
		if c.client, err = kube.NewClient(access); err != nil {
			return err
		}
	}
	return os.WriteFile(c.dir.ConfigOf(id.file), data, 0o600)
}
