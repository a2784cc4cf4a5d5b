package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/supervisor"
)

func (c *Cluster) spec(name string, args []string, ready func(context.Context) error) supervisor.Spec {
	return supervisor.Spec{
		Name:    name,
		Path:    c.conf.Executable,
		Args:    append([]string{name}, args...),
		Dir:     string(c.dir),
		LogFile: c.dir.Log(name),
		Ready:   ready,
		// No state survives the run, so shutdown is short: the API server would wait for clients with open watches.
		StopTimeout: 2 * time.Second,
	}
}

func (c *Cluster) etcd() supervisor.Spec {
	return c.spec("etcd", c.etcdArgs(), func(ctx context.Context) error {
		return c.client.Probe(ctx, "https://"+c.alloc.Address("etcd")+"/health")
	})
}

func (c *Cluster) apiServer() supervisor.Spec {
	return c.spec("kube-apiserver", c.apiServerArgs(), func(ctx context.Context) error {
		return c.client.Get(ctx, "/readyz", nil)
	})
}

// controllerManager is ready when a Pod can be created in the namespace default, which requires the default
// ServiceAccount and the ConfigMap with the cluster's CA.
func (c *Cluster) controllerManager() supervisor.Spec {
	return c.spec("kube-controller-manager", c.controllerManagerArgs(), func(ctx context.Context) error {
		if err := c.client.Probe(ctx, "https://"+c.alloc.Address("kube-controller-manager")+"/healthz"); err != nil {
			return err
		}
		for _, path := range []string{"serviceaccounts/default", "configmaps/kube-root-ca.crt"} {
			if err := c.client.Get(ctx, "/api/v1/namespaces/default/"+path, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *Cluster) scheduler() supervisor.Spec {
	return c.spec("kube-scheduler", c.schedulerArgs(), func(ctx context.Context) error {
		return c.client.Probe(ctx, "https://"+c.alloc.Address("kube-scheduler")+"/readyz")
	})
}

// checkNode fails until Pods can be scheduled to the node.
func (c *Cluster) checkNode(ctx context.Context, name string) error {
	var node struct {
		Spec struct {
			Taints []struct{ Key, Effect string } `json:"taints"`
		} `json:"spec"`
		Status struct {
			Conditions []struct{ Type, Status, Message string } `json:"conditions"`
		} `json:"status"`
	}
	if err := c.client.Get(ctx, "/api/v1/nodes/"+name, &node); err != nil {
		return err
	}
	if len(node.Spec.Taints) > 0 {
		return fmt.Errorf("node %s has the taint %s", name, node.Spec.Taints[0].Key)
	}
	for _, cond := range node.Status.Conditions {
		if cond.Type == "Ready" && cond.Status == "True" {
			return nil
		} else if cond.Type == "Ready" {
			return errors.New(cond.Message)
		}
	}
	return fmt.Errorf("node %s has no Ready condition yet", name)
}
