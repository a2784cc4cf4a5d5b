package component

import (
	"context"

	"github.com/spf13/cobra"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

func nodeComponents() map[string]Main {
	return map[string]Main{
		"kubelet": kubernetes(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }),
	}
}
