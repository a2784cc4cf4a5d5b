package k8s

// The names of an installation in Kubernetes. The packages pods, templates, leader and recorder use them.
const (
	// LabelPrefix begins the keys of labels and annotations that belong to this program.
	LabelPrefix = "ottoscaler.io/"
	// LabelManagedBy is a label of every Pod, whose value is ManagedBy. Watches and lists select by it.
	LabelManagedBy = "managed-by"
	// ManagedBy is this program as the manager of Pods, the name of the default Lease and the reporter of Events.
	ManagedBy = "ottoscaler"
)
