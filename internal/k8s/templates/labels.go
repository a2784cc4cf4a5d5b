package templates

import "github.com/ottoscaler/ottoscaler/internal/k8s"

const (
	agent       = "otto-agent" // the application that workers are, by their labels; the built-in container, too
	recommended = "app.kubernetes.io/"
)

// ProtectedKey is the one key with the program's prefix that belongs to people, as a label or an annotation, on a template or
// on a single Pod: Protected spares it when workers are removed. Package pods observes it.
const (
	ProtectedKey = k8s.LabelPrefix + "protected"
	Protected    = "true"
	notProtected = "false"
)

// MainKey is the annotation, Kubernetes' own, that names a Pod's main container: its end is the worker's, and kubectl shows its
// log. Every template gets it when it is loaded. Package pods observes it.
const MainKey = "kubectl.kubernetes.io/default-container"

// Labels are those that every Pod of an installation has, whatever its event. No template may set them; package pods does.
func Labels(instance string) map[string]string {
	const withEvent = 13 // what package pods adds has room
	labels := make(map[string]string, withEvent)
	labels[k8s.LabelManagedBy] = k8s.ManagedBy
	labels["app"] = agent
	labels[recommended+"name"] = agent
	labels[recommended+"instance"] = instance
	labels[recommended+"component"] = "worker"
	labels[recommended+"managed-by"] = k8s.ManagedBy
	labels[recommended+"part-of"] = k8s.ManagedBy
	return labels
}
