package realnode

import (
	"log/slog"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/supervisor"
)

// Options describes a node. All fields but Images are required.
type Options struct {
	Name         string   // of the Node
	Dir          string   // state folder of the cluster; the node uses Dir/node and Dir/logs
	Kubeconfig   string   // the kubelet's
	ClientCAFile string   // CA of the client certificate that the API server presents to the kubelet
	APIServer    string   // host:port
	ServiceIP    string   // of the Service "kubernetes"; its port 443 becomes reachable from Pods
	PodCIDR      string   // not used by anything else on the machine
	Images       []string // docker-archive tars
	KubeletPort  int      // on 127.0.0.1
	Executable   string   // has the command "kubelet"
	Logger       *slog.Logger
	Supervisor   *supervisor.Group // runs "containerd" and "kubelet"
}
