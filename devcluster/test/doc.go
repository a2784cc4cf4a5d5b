// Package test runs the built devcluster: it starts clusters, injects faults and stops them (build tag real).
//
// It is separate from the package of the binary, so that testing and vetting it does not compile Kubernetes.
package test
