package pods

import (
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// variables are what a container gets about its worker. They come before the template's own, which may so refer to them as
// $(OTTO_TASK_ID).
func (b *builder) variables(p worker.PodSpec) []corev1.EnvVar {
	env := []corev1.EnvVar{
		variable("OTTO_EVENT_ID", p.Event.EventID.String()),
		variable("OTTO_WORKER_INDEX", strconv.Itoa(p.Slot)),
		variable("OTTO_ATTEMPT", strconv.Itoa(p.Attempt)),
	}
	if b.traceparent != nil {
		env = append(env, variable(event.VariableTraceparent, b.traceparent(p.Event, p.Slot, p.Attempt)))
	}
	for _, v := range p.Event.Variables() {
		if v.Name != event.VariableTraceparent || b.traceparent == nil {
			env = append(env, variable(v.Name, v.Value))
		}
	}
	return env
}

// variable escapes the value, so that the container gets exactly the producer's text. Kubernetes reads `$(NAME)` as a
// reference and `$$` as one dollar; with each dollar doubled there is no reference left.
func variable(name, value string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, Value: strings.ReplaceAll(value, "$", "$$")}
}
