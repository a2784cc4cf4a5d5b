// Package image builds the preloaded images of a real node, pause and busybox, as docker-archive tars, without a
// registry or a container tool.
//
// Both contain the static busybox of the machine, so they have its architecture. The same busybox gives the
// same bytes.
package image
