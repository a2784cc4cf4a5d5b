package templates

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

// problems is everything that is wrong with a template, so that it is corrected once.
type problems []string

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }

// check refuses what package pods sets and what a worker cannot be. The API server checks the rest.
func (p *problems) check(t *corev1.PodTemplateSpec) {
	p.checkMeta(&t.ObjectMeta)
	p.checkSpec(&t.Spec)
	name, named := t.Annotations[MainKey]
	exists := slices.ContainsFunc(t.Spec.Containers, func(c corev1.Container) bool { return c.Name == name })
	if named && !exists {
		p.add("metadata.annotations: %s is %q, which is none of spec.containers", MainKey, text.Line(name, maxQuoted))
	}
}

func (p *problems) checkMeta(meta *metav1.ObjectMeta) {
	m := meta.DeepCopy()
	m.Labels, m.Annotations = nil, nil
	if own := setFields(m); len(own) > 0 {
		p.add("metadata: only labels and annotations may be set; remove %s: each worker has its own", strings.Join(own, ", "))
	}
	p.checkKeys("metadata.labels", meta.Labels)
	p.checkKeys("metadata.annotations", meta.Annotations)
}

// setFields are the names of the fields that are set.
func setFields(m *metav1.ObjectMeta) []string {
	var set map[string]any
	encoded, err := json.Marshal(m)
	if err == nil {
		err = json.Unmarshal(encoded, &set)
	}
	if err != nil {
		return []string{err.Error()}
	}
	maps.DeleteFunc(set, func(_ string, value any) bool { return value == nil })
	return slices.Sorted(maps.Keys(set))
}

func (p *problems) checkKeys(field string, m map[string]string) {
	common := Labels("")
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if _, reserved := common[k]; reserved || strings.HasPrefix(k, k8s.LabelPrefix) && k != ProtectedKey {
			p.add("%s: %q is set by ottoscaler; any other key is allowed", field, text.Line(k, maxQuoted))
		}
		if v := m[k]; k == ProtectedKey && v != Protected && v != notProtected {
			p.add("%s: %s is %q: want \"true\" or \"false\"", field, k, text.Line(v, maxQuoted))
		}
	}
}

func (p *problems) checkSpec(s *corev1.PodSpec) {
	if s.RestartPolicy != "" && s.RestartPolicy != corev1.RestartPolicyNever {
		p.add("spec.restartPolicy is %q: a worker runs once, want Never or nothing", text.Line(string(s.RestartPolicy), maxQuoted))
	}
	if len(s.Containers) == 0 {
		p.add("spec.containers: want at least one")
	}
	if s.NodeName != "" {
		p.add("spec.nodeName: workers are placed by the scheduler; use nodeSelector or affinity")
	}
	if d := s.ActiveDeadlineSeconds; d != nil && *d < 1 {
		p.add("spec.activeDeadlineSeconds is %d: want at least 1", *d)
	}
	for i := range s.InitContainers {
		p.checkContainer(fmt.Sprintf("spec.initContainers[%d]", i), &s.InitContainers[i])
	}
	for i := range s.Containers {
		at := fmt.Sprintf("spec.containers[%d]", i)
		p.checkContainer(at, &s.Containers[i])
		p.checkRunsOnce(at, &s.Containers[i])
	}
}

func (p *problems) checkContainer(at string, c *corev1.Container) {
	if c.Name == "" || c.Image == "" {
		p.add("%s: want a name and an image", at)
	}
	for _, v := range c.Env {
		if event.ReservedVariable(v.Name) {
			p.add("%s.env: %s is set by ottoscaler; names that begin with OTTO_, TRACEPARENT, TRACESTATE and BAGGAGE are not allowed",
				at, text.Line(v.Name, maxQuoted))
		}
	}
}

// checkRunsOnce: a program that the node starts again has run more than once, and the Pod may never end.
func (p *problems) checkRunsOnce(at string, c *corev1.Container) {
	if r := c.RestartPolicy; r != nil && *r != corev1.ContainerRestartPolicyNever {
		p.add("%s.restartPolicy is %q: a worker runs once, want Never or nothing; a container that accompanies it belongs in "+
			"spec.initContainers, with restartPolicy: Always", at, text.Line(string(*r), maxQuoted))
	}
	if len(c.RestartPolicyRules) > 0 {
		p.add("%s.restartPolicyRules: a worker runs once, remove them", at)
	}
}
