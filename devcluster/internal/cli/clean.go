package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/cluster"
)

func (a *app) clean() *cobra.Command {
	return &cobra.Command{
		Use:   "clean",
		Short: "Remove the folder of a cluster and everything a killed `up` left on this machine",
		Long: `Removes the folder with its logs, and the containers, mounts and network links that a killed
devcluster up may have left. It fails while the cluster is running. The next devcluster up of the
same folder cleans up too, but keeps the folder.`,
		Example: "  devcluster clean --dir /tmp/a",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := a.stateDir()
			if err != nil {
				return err
			}
			return cluster.Clean(cmd.Context(), dir, a.logger())
		},
	}
}

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of Kubernetes",
		Example: "  devcluster version",
		Args:    cobra.NoArgs,
		Run:     func(*cobra.Command, []string) { fmt.Fprintln(a.env.Out, "Kubernetes", a.env.Version) },
	}
}
