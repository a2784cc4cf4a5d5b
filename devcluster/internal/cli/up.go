package cli

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/cluster"
	"github.com/ottoscaler/ottoscaler/devcluster/internal/fidelity"
)

func (a *app) up() *cobra.Command {
	conf := cluster.Config{}
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start a cluster and run it until Ctrl-C or SIGTERM",
		Long: `Starts a cluster and stays in the foreground. Prints each component when it is ready, then what is
real in this cluster and what is not. Each up starts empty; ports and addresses stay the same
between runs if they are free. When a component exits unexpectedly (not by devcluster kill), up
stops the cluster and exits with code 1.`,
		Example: `  devcluster up                                    # the best node this machine can run
  devcluster up --node kwok --nodes 3              # simulated nodes, for thousands of Pods
  devcluster up --node containerd --image app.tar  # a real node with your own image
  devcluster up --dir /tmp/a & devcluster wait --dir /tmp/a`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runUp(cmd, conf) },
	}
	f := cmd.Flags()
	f.StringVar(&conf.Node, "node", "auto", "kind of node: auto, containerd, kwok or none")
	f.IntVar(&conf.Nodes, "nodes", 1, "number of simulated nodes (with kwok)")
	f.StringArrayVar(&conf.Images, "image", nil, "docker-archive tar to load into the real node; may be repeated")
	f.BoolVar(&conf.Audit, "audit", true, "log all requests for Pods to audit.log in the folder")
	f.DurationVar(&conf.NodeGrace, "node-grace", 40*time.Second, "time without a heartbeat after which a node counts as lost")
	f.DurationVar(&conf.EvictAfter, "evict-after", 5*time.Minute, "time after which the Pods of a lost node are deleted")
	return cmd
}

func (a *app) runUp(cmd *cobra.Command, conf cluster.Config) error {
	conf, reason, err := a.completeConfig(conf)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.env.Out, "devcluster · Kubernetes %s · %s\n", a.env.Version, conf.Dir)
	fmt.Fprintf(a.env.Out, "node: %s (%s)\n\n", conf.Node, reason)
	return cluster.New(conf).Run(cmd.Context())
}

// completeConfig validates the flags before anything is started.
func (a *app) completeConfig(conf cluster.Config) (cluster.Config, string, error) {
	if conf.Nodes < 1 || conf.Nodes > 5000 {
		return conf, "", fmt.Errorf("--nodes %d: must be 1 to 5000", conf.Nodes)
	}
	if conf.NodeGrace < 4*time.Second || conf.EvictAfter < 0 {
		return conf, "", fmt.Errorf("--node-grace %v --evict-after %v: must be at least 4s and 0s", conf.NodeGrace, conf.EvictAfter)
	}
	kind, reason, err := cluster.ResolveNode(conf.Node)
	if err != nil {
		return conf, "", fmt.Errorf("--node %s: %w", conf.Node, err)
	}
	if len(conf.Images) > 0 && kind != fidelity.Containerd {
		reason += "; --image is ignored: only a containerd node loads images"
	}
	if conf.Images, err = absolutePaths(conf.Images); err != nil {
		return conf, "", err
	}
	if conf.Dir, err = a.stateDir(); err != nil {
		return conf, "", err
	}
	if conf.Executable, err = executable(); err != nil {
		return conf, "", err
	}
	conf.Node, conf.Out, conf.Logger = kind, a.env.Out, a.logger()
	return conf, reason, nil
}

func absolutePaths(paths []string) ([]string, error) {
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
