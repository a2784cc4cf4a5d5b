package cli

import (
	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/app"
	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
)

func newConfig() *cobra.Command {
	var out output
	c := &cobra.Command{
		Use:     "config",
		Short:   "Show the configuration in effect and where each value comes from; secrets are hidden",
		Example: `  REDIS_HOST=localhost ottoscaler config -o yaml`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			environ := config.Environ()
			cfg, err := config.Load(environ)
			if err != nil {
				return usageError{errcode.Wrap(errcode.Configuration, err)}
			}
			if _, err := app.LoadQueues(cfg.Workers); err != nil {
				return err
			}
			values := config.Effective(environ)
			rows := make([][]string, 0, len(values))
			for _, v := range values {
				rows = append(rows, []string{v.Name, v.Value, v.From})
			}
			return out.print(c.OutOrStdout(), values, []string{"VARIABLE", "VALUE", "FROM"}, rows)
		},
	}
	out.addFlag(c)
	return c
}
