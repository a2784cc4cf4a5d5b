//go:build !linux

package component

// nodeComponents is empty: a kubelet runs containers on Linux only.
func nodeComponents() map[string]Main { return nil }
