// Package cluster starts a Kubernetes on loopback, watches over it and takes it down again.
//
// The order, as Run draws it:
//
//	lock the folder → remove what a killed run left → choose addresses → mint keys
//	→ etcd → kube-apiserver → { kube-controller-manager, kube-scheduler, node } → ready.json → watch
//
// Whatever is made registers its undoing at once; leaving Run undoes all of it, the last first.
package cluster
