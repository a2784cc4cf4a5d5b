// Package kubeevents finds the failures that need a person, and hands them to a Recorder that writes Kubernetes Events. An
// Emitter wraps a term's Journal and Cluster: what was committed, and what the API server answered, becomes a Notice.
// docs/events.md is generated from the kinds.
//
// A healthy installation has no notices. A broken one may have thousands at once: the Recorder counts equal ones.
package kubeevents

//go:generate go test -run ^TestReference$ -update .
