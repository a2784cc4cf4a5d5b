package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/kube"
)

func (a *app) token() *cobra.Command {
	account, duration := "", time.Hour
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Print a token of a ServiceAccount",
		Long: `Prints a token of a ServiceAccount, signed by the API server. Unlike the admin, its user is subject
to RBAC and to API priority and fairness.`,
		Example: "  devcluster token --serviceaccount default/default --duration 10m",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, token, err := a.requestToken(cmd.Context(), account, duration)
			if err != nil {
				return err
			}
			fmt.Fprintln(a.env.Out, token)
			return nil
		},
	}
	cmd.Flags().StringVar(&account, "serviceaccount", "default/default", "NAMESPACE/NAME")
	cmd.Flags().DurationVar(&duration, "duration", duration, "validity of the token, at least 10m")
	return cmd
}

func (a *app) kubeconfig() *cobra.Command {
	account, duration, raw := "", time.Hour, false
	cmd := &cobra.Command{
		Use:   "kubeconfig",
		Short: "Print the path of the admin's kubeconfig, or the kubeconfig of a ServiceAccount",
		Example: `  export KUBECONFIG=$(devcluster kubeconfig)
  devcluster kubeconfig --serviceaccount default/default >sa.kubeconfig`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case account != "":
				return a.printAccountConfig(cmd.Context(), account, duration)
			case raw:
				return a.printAdminConfig()
			default:
				return a.printAdminPath()
			}
		},
	}
	cmd.Flags().StringVar(&account, "serviceaccount", "", "NAMESPACE/NAME: print a kubeconfig with a token of it")
	cmd.Flags().DurationVar(&duration, "duration", duration, "validity of the token, at least 10m")
	cmd.Flags().BoolVar(&raw, "raw", false, "print the admin's kubeconfig instead of its path")
	return cmd
}

func (a *app) printAdminPath() error {
	_, ready, err := a.readReady()
	if err != nil {
		return err
	}
	fmt.Fprintln(a.env.Out, ready.Kubeconfig)
	return nil
}

func (a *app) printAdminConfig() error {
	data, err := a.adminKubeconfig()
	if err != nil {
		return err
	}
	_, err = a.env.Out.Write(data)
	return err
}

func (a *app) adminKubeconfig() ([]byte, error) {
	_, ready, err := a.readReady()
	if err != nil {
		return nil, err
	}
	return os.ReadFile(ready.Kubeconfig)
}

func (a *app) printAccountConfig(ctx context.Context, account string, d time.Duration) error {
	admin, token, err := a.requestToken(ctx, account, d)
	if err != nil {
		return err
	}
	data, err := kube.Access{Server: admin.Server, CA: admin.CA, User: account, Token: token}.Kubeconfig()
	if err != nil {
		return err
	}
	_, err = a.env.Out.Write(data)
	return err
}

func (a *app) requestToken(ctx context.Context, account string, d time.Duration) (kube.Access, string, error) {
	data, err := a.adminKubeconfig()
	if err != nil {
		return kube.Access{}, "", err
	}
	admin, err := kube.ParseKubeconfig(data)
	if err != nil {
		return kube.Access{}, "", err
	}
	client, err := kube.NewClient(admin)
	if err != nil {
		return kube.Access{}, "", err
	}
	token, err := client.ServiceAccountToken(ctx, account, d)
	return admin, token, err
}
