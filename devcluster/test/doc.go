// Package test starts the built devcluster, uses it, breaks it and stops it (build tag real).
//
// It is apart from the binary's own package: testing or vetting that one means going through Kubernetes.
package test
