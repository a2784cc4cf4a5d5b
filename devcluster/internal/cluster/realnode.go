package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/fidelity"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/realnode"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/statedir"
)

// The API server resolves the node's name to reach the kubelet: localhost needs no DNS.
const realNodeName = "localhost"

type realNode struct {
	*realnode.Node
	out *progress
}

func (c *Cluster) newRealNode() *realNode {
	node := realnode.New(realnode.Options{
		Name:         realNodeName,
		Dir:          string(c.dir),
		Kubeconfig:   c.dir.UserKubeconfig("kubelet"),
		ClientCAFile: c.dir.PKI("ca.crt"),
		APIServer:    c.alloc.Address("kube-apiserver"),
		ServiceIP:    c.alloc.ServiceIP.String(),
		PodCIDR:      c.alloc.PodCIDR.String(),
		Images:       c.conf.Images,
		KubeletPort:  c.alloc.Ports["kubelet"],
		Logger:       c.conf.Logger,
		Executable:   c.conf.Executable,
		Supervisor:   c.components,
	})
	return &realNode{node, c.out}
}

func (n *realNode) names() []string                { return []string{realNodeName} }
func (n *realNode) stop(ctx context.Context) error { return n.Stop(ctx) }

func (n *realNode) start(ctx context.Context) error {
	if err := n.Start(ctx); err != nil {
		return err
	}
	n.out.ready("containerd, kubelet")
	return nil
}

// ResolveNode turns the requested kind of node (auto, containerd, kwok, none) into the kind to run, with the reason.
func ResolveNode(requested string) (kind, reason string, err error) {
	switch requested {
	case fidelity.Kwok, fidelity.None:
		return requested, "as requested", nil
	case fidelity.Containerd:
		if err := realnode.Check(); err != nil {
			return "", "", fmt.Errorf("this machine cannot run a real node: %w", err)
		}
		return requested, "as requested", nil
	case "auto":
		if err := realnode.Check(); err != nil {
			return fidelity.Kwok, "no real node: " + err.Error(), nil //nolint:nilerr // the error is the reason for the fallback
		}
		return fidelity.Containerd, "this machine can run a real node", nil
	default:
		return "", "", fmt.Errorf("unknown kind of node %q: want auto, containerd, kwok or none", requested)
	}
}

// cleanUp removes the containers, mounts, network links and files of a killed run. The caller has locked the folder.
func cleanUp(ctx context.Context, dir statedir.Dir, logger *slog.Logger) error {
	return errors.Join(realnode.Cleanup(ctx, string(dir), logger), dir.Reset())
}

// Load imports a docker-archive into the real node of the running cluster.
func Load(ctx context.Context, dir statedir.Dir, ready statedir.Ready, archive string) error {
	if ready.Node != fidelity.Containerd {
		return fmt.Errorf("node is %s: only containerd nodes load images", ready.Node)
	}
	return realnode.Import(ctx, string(dir), archive)
}
