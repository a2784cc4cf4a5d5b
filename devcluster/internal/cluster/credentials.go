package cluster

import (
	"fmt"
	"os"
	"time"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/kube"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/pki"
)

// Every component is a user of its own, so that the audit log distinguishes them. Members of system:masters are
// allowed everything and bypass priority and fairness.
const masters = "system:masters"

type identity struct {
	name   string // of its kubeconfig
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

// issueCredentials creates all keys and kubeconfigs of this run; those of earlier runs become invalid.
func (c *Cluster) issueCredentials() error {
	ca, err := pki.NewAuthority(time.Now())
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.dir.PKI("ca.crt"), ca.PEM(), 0o600); err != nil {
		return err
	}
	if err := c.issueServers(ca); err != nil {
		return err
	}
	for _, id := range c.identities() {
		if err := c.issueUser(ca, id); err != nil {
			return err
		}
	}
	admin, err := os.ReadFile(c.dir.UserKubeconfig("admin"))
	if err != nil {
		return err
	}
	return os.WriteFile(c.dir.Kubeconfig(), admin, 0o600)
}

func (c *Cluster) issueServers(ca *pki.Authority) error {
	server, err := ca.Server("devcluster", "127.0.0.1", "::1", "localhost", c.alloc.ServiceIP.String(),
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

func (c *Cluster) issueUser(ca *pki.Authority, id identity) error {
	pair, err := ca.Client(id.user, id.groups...)
	if err != nil {
		return err
	}
	access := kube.Access{Server: c.apiServerURL(), CA: ca.PEM(), User: id.user, Cert: pair.Cert, Key: pair.Key}
	data, err := access.Kubeconfig()
	if err != nil {
		return fmt.Errorf("encoding the kubeconfig of %s: %w", id.name, err)
	}
	if id.name == "admin" {
		if c.client, err = kube.NewClient(access); err != nil {
			return err
		}
	}
	return os.WriteFile(c.dir.UserKubeconfig(id.name), data, 0o600)
}
