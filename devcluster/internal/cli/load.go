package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/cluster"
)

func (a *app) load() *cobra.Command {
	return &cobra.Command{
		Use:   "load FILE",
		Short: "Load an image from a docker-archive tar into the real node",
		Long: `Loads an image from a docker-archive tar into the real node of the running cluster. Pods that use it
need the imagePullPolicy IfNotPresent or Never: there is no registry.`,
		Example: "  devcluster load app.tar",
		Args:    exactlyOne("FILE, a docker-archive tar"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, ready, err := a.readReady()
			if err != nil {
				return err
			}
			if err := cluster.Load(cmd.Context(), dir, ready, args[0]); err != nil {
				return err
			}
			fmt.Fprintf(a.env.Out, "loaded %s\n", args[0])
			return nil
		},
	}
}
