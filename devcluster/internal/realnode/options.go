package realnode

import (
	"log/slog"

	"github.com/ottoscaler/ottoscaler/devcluster/internal/proc"
)

// Options says what node is wanted. All fields without a default are required.
type Options struct {
	Name         string   // of the Node; default "localhost"
	Dir          string   // state folder of the cluster; the node uses Dir/node and Dir/logs
	Kubeconfig   string   // the kubelet's
	ClientCAFile string   // signs the client certificate with which the API server calls the kubelet
	APIServer    string   // host:port
	ServiceIP    string   // of the Service "kubernetes", whose port 443 is made reachable from Pods
	PodCIDR      string   // must be this node's alone on the machine
	Images       []string // docker-archive tars
	KubeletPort  int      // on 127.0.0.1
	Executable   string   // has the command "kubelet"; default: this one
	Logger       *slog.Logger
	Procs        *proc.Group // runs "containerd" and "kubelet"
}
