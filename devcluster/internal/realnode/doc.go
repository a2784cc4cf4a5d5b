// Package realnode runs one real Kubernetes node: containerd, runc, CNI and a kubelet, as root on Linux.
//
// Everything a node creates outside its state folder contains the node's ID, a hash of that folder's path:
//
//   - /run/devcluster/<ID>: sockets (their paths are limited to 107 bytes), configuration, network
//     namespaces, runc's state, the kubelet's root (a bind mount of Dir/node/kubelet) and the journal;
//   - the cgroup devcluster-<ID>, in every hierarchy, the parent of all Pods;
//   - the CNI network devcluster-<ID>.
//
// So clusters are isolated from each other, and the folder is enough to clean up after a killed run. Stop and
// Cleanup do the same: kill, unmount, remove, in that order, without containerd or the kubelet, which may
// not be running. The journal contains what cannot be derived from the ID: the address on the loopback
// interface and the Pod network.
//
// Pods reach the API server at the service address: it is an address of the host's loopback interface, and
// the host is the gateway of each Pod, so neither kube-proxy nor packet filter rules are needed. A proxy in
// this process forwards the connections to the API server.
package realnode
