package k8s

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/event"
)

// reservedKeys are the labels and annotations, besides those under ottoscaler.io/, that we set on every Pod.
var reservedKeys = []string{
	labelManagedBy, labelApp, recommended + "name", recommended + "instance", recommended + "component",
	recommended + "managed-by", recommended + "part-of",
}

// protectedKey is the one key of ours that belongs to people, as a label or an annotation, on a template or on a single
// Pod: "true" spares it when workers are taken away.
const (
	protectedKey = ours + "protected"
	yes, no      = "true", "false"
)

// checkTemplate refuses what we set ourselves and what a worker cannot be. The rest is the API server's to judge.
func checkTemplate(t *corev1.PodTemplateSpec) error {
	m := t.ObjectMeta.DeepCopy()
	m.Labels, m.Annotations = nil, nil
	if !equality.Semantic.DeepEqual(m, &metav1.ObjectMeta{}) {
		return errors.New("metadata: only labels and annotations may be set, the rest is each worker's own")
	}
	if err := checkKeys("metadata.labels", t.Labels); err != nil {
		return err
	}
	if err := checkKeys("metadata.annotations", t.Annotations); err != nil {
		return err
	}
	return checkSpec(&t.Spec)
}

func checkKeys(field string, m map[string]string) error {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if slices.Contains(reservedKeys, k) || strings.HasPrefix(k, ours) && k != protectedKey {
			return fmt.Errorf("%s: %q is set by ottoscaler; any other key is allowed", field, k)
		}
		if v := m[k]; k == protectedKey && v != yes && v != no {
			return fmt.Errorf("%s: %s is %q: want \"true\" or \"false\"", field, k, line(v, maxReason))
		}
	}
	return nil
}

func checkSpec(s *corev1.PodSpec) error {
	switch {
	case s.RestartPolicy != "" && s.RestartPolicy != corev1.RestartPolicyNever:
		return fmt.Errorf("spec.restartPolicy is %q: a worker runs once, want Never or nothing", s.RestartPolicy)
	case len(s.Containers) == 0:
		return errors.New("spec.containers: want at least one")
	case s.NodeName != "":
		return errors.New("spec.nodeName: workers are placed by the scheduler; use nodeSelector or affinity")
	case s.ActiveDeadlineSeconds != nil && *s.ActiveDeadlineSeconds < 1:
		return fmt.Errorf("spec.activeDeadlineSeconds is %d: want at least 1", *s.ActiveDeadlineSeconds)
	}
	if err := checkContainers("spec.initContainers", s.InitContainers); err != nil {
		return err
	}
	return checkContainers("spec.containers", s.Containers)
}

func checkContainers(field string, containers []corev1.Container) error {
	for i := range containers {
		c, at := &containers[i], fmt.Sprintf("%s[%d]", field, i)
		if c.Name == "" || c.Image == "" {
			return fmt.Errorf("%s: want a name and an image", at)
		}
		for _, v := range c.Env {
			if event.ReservedVariable(v.Name) {
				return fmt.Errorf("%s.env: %s is set by ottoscaler; names that begin with OTTO_, TRACEPARENT and TRACESTATE are not allowed",
					at, line(v.Name, maxReason))
			}
		}
	}
	return nil
}

// complete fills in what every worker has unless its template says otherwise.
func complete(s *corev1.PodSpec, deadline time.Duration) {
	s.RestartPolicy = corev1.RestartPolicyNever
	if s.ActiveDeadlineSeconds == nil && deadline > 0 {
		s.ActiveDeadlineSeconds = new(seconds(deadline))
	}
	for _, containers := range [][]corev1.Container{s.InitContainers, s.Containers} {
		for i := range containers {
			completeContainer(&containers[i])
		}
	}
}

// completeContainer: `:latest` would be pulled anew each time; and the last log lines of a failure should arrive in
// the Pod's status, where they cost no request.
func completeContainer(c *corev1.Container) {
	if c.ImagePullPolicy == "" {
		c.ImagePullPolicy = corev1.PullIfNotPresent
	}
	if c.TerminationMessagePolicy == "" {
		c.TerminationMessagePolicy = corev1.TerminationMessageFallbackToLogsOnError
	}
}
