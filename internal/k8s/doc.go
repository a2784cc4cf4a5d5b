// Package k8s runs workers as Pods: it is the worker.Cluster of a real Kubernetes.
//
// One worker costs one POST and one DELETE. Everything else arrives over one watch. Three connections are kept: one for
// what we ask, one for the watch, so that hundreds of POSTs in flight never delay what the watch has to say, and one for
// the Lease, all that a standby needs. A fourth is made when something needs a person: see Recorder.
//
// Only who holds the Lease writes. Each write is checked when it begins and once more right before the kernel gets it,
// ends with the right to send it, and is given up by the kernel before another may lead: see Lease, Options.Guard and
// connect.go.
//
// What a Pod is made of comes from two sides that never mix. The operator owns the template (see Templates): images,
// commands, volumes, service accounts. The producer of an event fills in environment variables and annotations, and
// nothing else; Kubernetes expands nothing in them.
//
// Whatever is read back from a Pod may have been written by somebody hostile: see observe.
package k8s
