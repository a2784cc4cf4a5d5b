package cli

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/cluster"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/truth"
)

func (a *app) up() *cobra.Command {
	conf := cluster.Config{}
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start a cluster and stay with it until Ctrl-C or SIGTERM",
		Long: `Starts a cluster and stays in the foreground. Each component is printed when it is ready, then
what is real in this cluster and what is not. Each up starts empty; ports and addresses stay the same
from one to the next where they are free. When a component ends although nobody asked it to (see
devcluster kill), up takes the cluster down and exits with 1.`,
		Example: `  devcluster up                                    # the best node this machine can run
  devcluster up --node kwok --nodes 3              # simulated nodes, for thousands of Pods
  devcluster up --node containerd --image app.tar  # a real node with an image of yours
  devcluster up --dir /tmp/a & devcluster wait --dir /tmp/a`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runUp(cmd, conf) },
	}
	f := cmd.Flags()
	f.StringVar(&conf.Node, "node", "auto", "what Pods run on: auto, containerd, kwok or none")
	f.IntVar(&conf.Nodes, "nodes", 1, "number of simulated nodes (with kwok)")
	f.StringArrayVar(&conf.Images, "image", nil, "docker-archive tar to load into the real node; may be repeated")
	f.BoolVar(&conf.Audit, "audit", true, "log all requests for Pods to audit.log in the folder")
	f.DurationVar(&conf.NodeGrace, "node-grace", 40*time.Second, "silence after which a node counts as lost")
	f.DurationVar(&conf.EvictAfter, "evict-after", 5*time.Minute, "time after which the Pods of a lost node are deleted")
	return cmd
}

func (a *app) runUp(cmd *cobra.Command, conf cluster.Config) error {
	conf, why, err := a.complete(conf)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.env.Out, "devcluster · Kubernetes %s · %s\n", a.env.Version, conf.Dir)
	fmt.Fprintf(a.env.Out, "node: %s (%s)\n\n", conf.Node, why)
	return cluster.New(conf).Run(cmd.Context())
}

// complete checks what was asked for before anything is started.
func (a *app) complete(conf cluster.Config) (cluster.Config, string, error) {
	if conf.Nodes < 1 || conf.Nodes > 5000 {
		return conf, "", fmt.Errorf("--nodes %d: choose 1 to 5000", conf.Nodes)
	}
	if conf.NodeGrace < 4*time.Second || conf.EvictAfter < 0 {
		return conf, "", fmt.Errorf("--node-grace %v --evict-after %v: at least 4s and 0s", conf.NodeGrace, conf.EvictAfter)
	}
	kind, why, err := cluster.Resolve(conf.Node)
	if err != nil {
		return conf, "", fmt.Errorf("--node %s: %w", conf.Node, err)
	}
	if len(conf.Images) > 0 && kind != truth.Containerd {
		why += "; --image is of no use: simulated Pods need no image"
	}
	if conf.Images, err = absolute(conf.Images); err != nil {
		return conf, "", err
	}
	if conf.Dir, err = a.folder(); err != nil {
		return conf, "", err
	}
	if conf.Self, err = self(); err != nil {
		return conf, "", err
	}
	conf.Node, conf.Out, conf.Logger = kind, a.env.Out, a.logger()
	return conf, why, nil
}

func absolute(paths []string) ([]string, error) {
	var all []string
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, fmt.Errorf("--image %s: %w", p, err)
		}
		all = append(all, abs)
	}
	return all, nil
}
