// Package image makes the images every real node has from the start, without a registry and without a
// container tool: docker-archive tars, the format that containerd imports as it is.
//
// Both are made from the machine's own static busybox, so they fit its architecture, and the same busybox
// gives the same bytes.
package image
