package templates

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/k8s"
)

// complete sets what every worker has unless its template says otherwise.
func complete(s *corev1.PodSpec, deadline time.Duration) {
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
