package component

import "k8s.io/component-base/version"

// Version is that of Kubernetes; it comes in through the linker, see the file ldflags.
func Version() string { return version.Get().GitVersion }
