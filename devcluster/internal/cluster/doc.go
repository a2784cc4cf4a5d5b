// Package cluster starts a Kubernetes on loopback, supervises it and stops it.
//
// The sequence of Run:
//
//	lock the folder → clean up after a killed run → allocate ports and addresses → issue credentials
//	→ etcd → kube-apiserver → { kube-controller-manager, kube-scheduler, node } → ready.json → serve
//
// Each step registers its cleanup at once. When Run returns, all cleanups have run, in reverse order.
package cluster
