package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/fidelity"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/poll"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/simnode"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/supervisor"
)

// node is the node, or the nodes, that Pods are scheduled to.
type node interface {
	names() []string
	start(ctx context.Context) error
	stop(ctx context.Context) error
}

func (c *Cluster) newNode() node {
	switch c.conf.Node {
	case fidelity.Containerd:
		return c.newRealNode()
	case fidelity.Kwok:
		return &simulatedNodes{c}
	default:
		return noNode{}
	}
}

func (c *Cluster) startNode(ctx context.Context, cl *cleanups) error {
	cl.add("stopping the node", func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		return c.node.stop(ctx)
	})
	if err := c.node.start(ctx); err != nil {
		return err
	}
	for _, name := range c.node.names() {
		if err := c.waitNode(ctx, name); err != nil {
			return fmt.Errorf("waiting for node %s: %w", name, err)
		}
	}
	if names := c.node.names(); len(names) == 1 {
		c.out.ready("node " + names[0])
	} else if len(names) > 1 {
		c.out.ready(fmt.Sprintf("%d nodes", len(names)))
	}
	return nil
}

func (c *Cluster) waitNode(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err := poll.Until(ctx, 50*time.Millisecond, func(ctx context.Context) (bool, error) {
		err := c.checkNode(ctx, name)
		return err == nil, err
	})
	if err != nil {
		return fmt.Errorf("%w; see %s", err, c.dir.Log("*"))
	}
	return nil
}

type noNode struct{}

func (noNode) names() []string             { return nil }
func (noNode) start(context.Context) error { return nil }
func (noNode) stop(context.Context) error  { return nil }

// simulatedNodes are managed by kwok, whose process is stopped with the other components.
type simulatedNodes struct{ c *Cluster }

func (s *simulatedNodes) names() []string { return simnode.Names(s.c.conf.Nodes) }

func (s *simulatedNodes) start(ctx context.Context) error {
	for _, name := range s.names() {
		if err := s.c.client.Create(ctx, "/api/v1/nodes", simnode.Node(name), nil); err != nil {
			return fmt.Errorf("creating node %s: %w", name, err)
		}
	}
	if err := s.writeConfig(); err != nil {
		return err
	}
	return s.c.startComponent(ctx, s.spec())
}

func (s *simulatedNodes) writeConfig() error {
	if err := os.MkdirAll(s.c.dir.Kwok(), 0o700); err != nil {
		return err
	}
	config := simnode.Config(int(s.c.conf.NodeGrace / time.Second))
	return os.WriteFile(s.c.kwokConfig(), []byte(config), 0o600)
}

// spec sets KWOK_WORKDIR: kwok would merge the user's own configuration into this one.
func (s *simulatedNodes) spec() supervisor.Spec {
	spec := s.c.spec("kwok", s.c.kwokArgs(), func(ctx context.Context) error {
		names := s.names()
		return s.c.checkNode(ctx, names[len(names)-1])
	})
	spec.Env = []string{"KWOK_WORKDIR=" + s.c.dir.Kwok()}
	return spec
}

func (s *simulatedNodes) stop(context.Context) error { return nil }

func (c *Cluster) kwokConfig() string { return filepath.Join(c.dir.Kwok(), "config.yaml") }
