package templates

import (
	"fmt"
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/k8s"
)

// complete sets what every worker has unless its template says otherwise. The main container is named on the Pod, so that
// admission may inject others before and behind it.
func complete(t *corev1.PodTemplateSpec, deadline time.Duration) {
	if t.Annotations[MainKey] == "" {
		t.Annotations = maps.Clone(t.Annotations)
		if t.Annotations == nil {
			t.Annotations = make(map[string]string, 1)
		}
		t.Annotations[MainKey] = t.Spec.Containers[0].Name
	}
	s := &t.Spec
	s.RestartPolicy = corev1.RestartPolicyNever
	if s.ActiveDeadlineSeconds == nil && deadline > 0 {
		s.ActiveDeadlineSeconds = new(k8s.Seconds(deadline))
	}
	for _, containers := range [][]corev1.Container{s.InitContainers, s.Containers} {
		for i := range containers {
			completeContainer(&containers[i])
		}
	}
}

// completeContainer: `:latest` would be pulled anew each time; and the last log lines of a failure should arrive in the Pod's
// status, where they cost no request.
func completeContainer(c *corev1.Container) {
	if c.ImagePullPolicy == "" {
		c.ImagePullPolicy = corev1.PullIfNotPresent
	}
	if c.TerminationMessagePolicy == "" {
		c.TerminationMessagePolicy = corev1.TerminationMessageFallbackToLogsOnError
	}
}

// warnings are what a valid template leaves to a guess. Called before complete.
func warnings(t *corev1.PodTemplateSpec) []string {
	if len(t.Spec.Containers) < 2 || t.Annotations[MainKey] != "" {
		return nil
	}
	names := make([]string, 0, len(t.Spec.Containers))
	for i := range t.Spec.Containers {
		names = append(names, t.Spec.Containers[i].Name)
	}
	return []string{fmt.Sprintf("the containers are %s, and none is named as the main one: the worker ends when the first one, %s, ends, "+
		"and the others are stopped then; name it with the annotation %s", strings.Join(names, ", "), names[0], MainKey)}
}
