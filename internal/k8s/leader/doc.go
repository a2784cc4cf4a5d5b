// Package leader elects the one replica that acts: the holder of a Lease in Kubernetes.
//
// The holder counts on its own monotonic clock from before it sent the renewal; a standby counts on its own from after it read
// the last one. So no two clocks are ever compared, and at no instant may two processes write: see TestAtMostOneLeads.
package leader
