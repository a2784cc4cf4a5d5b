// Package notice tells platform engineers what needs a person. A Emitter stands between a term's Manager and its Journal and
// Cluster, as server.Meter does, and the Manager knows nothing of it: what was committed, and what the API server
// answered, becomes a Notice. A Recorder makes Kubernetes Events of them; docs/events.md is made from the kinds there are.
//
// A healthy run has no notices. In one that is not, thousands may come at once: a Recorder counts those alike.
package kubeevents

//go:generate go test -run ^TestReference$ -update .
