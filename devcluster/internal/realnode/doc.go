// Package realnode runs one real Kubernetes node: containerd, runc, CNI and a kubelet, as root on Linux.
//
// Everything a node makes outside its state folder carries the node's ID, a hash of that folder's path:
//
//   - /run/devcluster/<ID>: sockets (their paths are limited to 107 bytes), configuration, network
//     namespaces, runc's state, the kubelet's root (a bind mount of Dir/node/kubelet) and the journal;
//   - the cgroup devcluster-<ID>, in every hierarchy, above all Pods;
//   - the CNI network devcluster-<ID>.
//
// So two clusters do not disturb each other, and whoever knows the folder can remove what a killed run
// left. Stop and Cleanup are the same sweep for that reason: kill, unmount, remove, in that order, without
// asking containerd or the kubelet, which may be dead. The journal only holds what the ID does not tell:
// the address on the loopback interface and the Pod network.
//
// Pods reach the API server at the service address: it is an address of the host's loopback interface, and
// the host is the gateway of each Pod, so neither kube-proxy nor packet filter rules are needed. A
// forwarder in this process takes the connections on to the API server.
package realnode
