package k8s

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// namespaceFile is where Kubernetes puts a Pod's namespace.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// LoadConfig finds the API server: in a Pod the cluster's own, else KUBECONFIG's, else the one in ~/.kube/config. It also
// returns the namespace to use when none is configured. The daemon and the commands for people call it once.
func LoadConfig() (*rest.Config, string, error) {
	cfg, err := rest.InClusterConfig()
	switch {
	case err == nil:
		return cfg, podNamespace(namespaceFile), nil
	case !errors.Is(err, rest.ErrNotInCluster):
		return nil, "", fmt.Errorf("reading the Pod's access to Kubernetes: %w", err)
	}
	return loadKubeconfig()
}

func loadKubeconfig() (*rest.Config, string, error) {
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		clientcmd.NewDefaultClientConfigLoadingRules(), &clientcmd.ConfigOverrides{})
	cfg, err := loader.ClientConfig()
	if clientcmd.IsEmptyConfig(err) {
		return nil, "", errors.New("no access to Kubernetes: this is no Pod, and neither KUBECONFIG nor ~/.kube/config names a cluster")
	}
	if err != nil {
		return nil, "", fmt.Errorf("reading the kubeconfig: %w", err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, "", fmt.Errorf("reading the kubeconfig: %w", err)
	}
	return cfg, namespace, nil
}

func podNamespace(file string) string {
	b, err := os.ReadFile(file)
	if ns := strings.TrimSpace(string(b)); err == nil && ns != "" {
		return ns
	}
	return "default"
}
