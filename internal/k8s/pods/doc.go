// Package pods runs workers as Pods: it is the worker.Cluster of a real Kubernetes.
//
// One worker costs one POST and one DELETE. Everything else arrives over one watch, on another connection. The watch decodes
// only the fields of a Pod that are observed: see partialCodecs.
//
// What a Pod consists of comes from two sides that never mix. The operator owns the template: see package templates. The
// producer of an event sets environment variables and annotations, and nothing else; Kubernetes expands nothing in them.
//
// Whatever is read back from a Pod may have been written by an attacker: see observer.
package pods

//go:generate go test -run ^TestPodGolden$ -update .
