package k8s

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// The variables of the environment that are ours: a template may set none of them.
const (
	reservedEnv    = "OTTO_"
	envTraceparent = "TRACEPARENT"
	envTracestate  = "TRACESTATE"
	keyTaskID      = "task_id"
)

// variables are what a container learns about its worker. They come before the template's own, which may so refer to
// them as $(OTTO_TASK_ID).
func variables(p worker.PodSpec) []corev1.EnvVar {
	e := p.Event
	env := []corev1.EnvVar{
		variable("OTTO_TASK_ID", e.TaskID()),
		variable("OTTO_EVENT_ID", e.EventID.String()),
		variable("OTTO_WORKER_INDEX", strconv.Itoa(p.Slot)),
		variable("OTTO_WORKER_COUNT", strconv.Itoa(e.PodCount)),
		variable("OTTO_ATTEMPT", strconv.Itoa(p.Attempt)),
	}
	if e.Traceparent != "" {
		env = append(env, variable(envTraceparent, e.Traceparent))
	}
	if e.Tracestate != "" {
		env = append(env, variable(envTracestate, e.Tracestate))
	}
	for _, k := range slices.Sorted(maps.Keys(e.Metadata)) {
		if k != keyTaskID { // it has a variable of its own
			env = append(env, variable(worker.MetaVariable(k), e.Metadata[k]))
		}
	}
	return env
}

// variable escapes the value, so that the container sees exactly the producer's text. Kubernetes reads `$(NAME)` as
// a reference and `$$` as one dollar; with each dollar doubled there is no reference left.
func variable(name, value string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, Value: strings.ReplaceAll(value, "$", "$$")}
}
