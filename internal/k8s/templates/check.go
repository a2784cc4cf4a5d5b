package templates

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

// check refuses what package pods sets and what a worker cannot be. The API server checks the rest.
func check(t *corev1.PodTemplateSpec) error {
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
	common := Labels("")
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if _, reserved := common[k]; reserved || strings.HasPrefix(k, k8s.LabelPrefix) && k != ProtectedKey {
			return fmt.Errorf("%s: %q is set by ottoscaler; any other key is allowed", field, k)
		}
		if v := m[k]; k == ProtectedKey && v != Protected && v != notProtected {
			return fmt.Errorf("%s: %s is %q: want \"true\" or \"false\"", field, k, text.Line(v, maxQuoted))
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
					at, text.Line(v.Name, maxQuoted))
			}
		}
	}
	return nil
}
