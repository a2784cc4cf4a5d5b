package component

import "k8s.io/component-base/version"

// Version is the version of Kubernetes, set by the linker: see the file ldflags.
func Version() string { return version.Get().GitVersion }
