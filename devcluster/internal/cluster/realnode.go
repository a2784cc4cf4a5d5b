package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/proc"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/realnode"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/statedir"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/truth"
)

// The API server reaches the kubelet under the node's name: localhost needs no DNS.
const realNodeName = "localhost"

type realNode struct {
	*realnode.Node
	procs *proc.Group
	out   *progress
}

func (c *Cluster) newRealNode() *realNode {
	node := realnode.New(realnode.Options{
		Name:         realNodeName,
		Dir:          string(c.dir),
		Kubeconfig:   c.dir.ConfigOf("kubelet"),
		ClientCAFile: c.dir.PKI("ca.crt"),
		APIServer:    c.plan.Address("kube-apiserver"),
		ServiceIP:    c.plan.ServiceIP.String(),
		PodCIDR:      c.plan.PodCIDR.String(),
		Images:       c.conf.Images,
		KubeletPort:  c.plan.Ports["kubelet"],
		Logger:       c.conf.Logger,
		Procs:        c.procs,
	})
	return &realNode{node, c.procs, c.out}
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

// Resolve turns what a person asked for (auto, containerd, kwok, none) into a kind of node and the reason.
func Resolve(asked string) (kind, why string, err error) {
	switch asked {
	case truth.Kwok, truth.None:
		return asked, "as asked", nil
	case truth.Containerd:
		if err := realnode.Check(); err != nil {
			return "", "", fmt.Errorf("this machine cannot run a real node: %w", err)
		}
		return asked, "as asked", nil
	case "auto":
		if err := realnode.Check(); err != nil {
			return truth.Kwok, "no real node: " + err.Error(), nil //nolint:nilerr // it is the reason for the choice
		}
		return truth.Containerd, "this machine can run a real node", nil
	default:
		return "", "", fmt.Errorf("no such kind of node: %q (there are auto, containerd, kwok and none)", asked)
	}
}

// cleanup removes what a killed run left: containers, mounts, network and files. The folder is locked.
func cleanup(ctx context.Context, dir statedir.Dir, logger *slog.Logger) error {
	return errors.Join(realnode.Cleanup(ctx, string(dir), logger), dir.Reset())
}

// Load puts a docker-archive into the node of the cluster that runs in the folder.
func Load(ctx context.Context, dir statedir.Dir, ready statedir.Ready, archive string) error {
	if ready.Node != truth.Containerd {
		return fmt.Errorf("the node is %s, whose Pods need no image", ready.Node)
	}
	return realnode.Import(ctx, string(dir), archive)
}
