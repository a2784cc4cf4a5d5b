// Package k8s is the way to the Kubernetes API server: configuration, connections, the server's clock, warnings and errors.
// What is done with them is in the packages below it:
//
//	templates  the Pod templates of the operator, and the built-in one
//	pods       workers as Pods: the worker.Cluster of a real Kubernetes
//	leader     election of one replica with a Lease
//	recorder   Kubernetes Events for people
//
// Three connections are kept: one for writes to Pods, one for the watch of Pods and other reads, so that hundreds of POSTs in
// flight never delay an observation, and one for the Lease, all that a standby needs. The recorder opens a fourth with its
// first Event.
//
// Only the leader writes. Each write is checked when it begins and again right before the kernel gets it, ends with the
// leader's right to send it, and is discarded by the kernel before another replica may lead: see Guard and dial.go.
package k8s
