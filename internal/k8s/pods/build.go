package pods

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// builder makes Pods from templates and events.
type builder struct {
	namespace, instance, stream string

	templates *templates.Set
	last      atomic.Pointer[encodedEvent]
}

type encodedEvent struct {
	event *event.Event // which is never changed
	text  string
}

// build makes the Pod of one attempt from its template.
func (b *builder) build(p worker.PodSpec) (*corev1.Pod, error) {
	template, known := b.templates.Copy(p.Event.Template)
	if !known {
		return nil, fmt.Errorf("creating pod %q: %w: template %q no longer exists", p.Name, worker.ErrRefused, p.Event.Template)
	}
	annotations, err := b.annotations(p)
	if err != nil {
		return nil, fmt.Errorf("creating pod %q: %w: %w", p.Name, worker.ErrRefused, err)
	}
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.Name, pod.Namespace = p.Name, b.namespace
	pod.Labels = fillFrom(template.Labels, podLabels(b.instance, p))
	pod.Annotations = fillFrom(template.Annotations, annotations)
	applyEvent(&pod.Spec, p)
	return pod, nil
}

func (b *builder) annotations(p worker.PodSpec) (map[string]string, error) {
	encoded, err := b.encode(p.Event)
	if err != nil {
		return nil, fmt.Errorf("encoding the event as an annotation: %w", err)
	}
	return map[string]string{
		annotationTaskID: p.Event.TaskID(),
		keyEventID:       p.Event.EventID.String(),
		keyIndex:         strconv.Itoa(p.Slot),
		keyAttempt:       strconv.Itoa(p.Attempt),
		annotationCount:  strconv.Itoa(p.Event.PodCount),
		keyInstance:      b.instance,
		annotationStream: b.stream,
		annotationEvent:  encoded,
	}, nil
}

// encode returns the event as JSON. Pods of one event are built one after the other, so the last text is kept.
func (b *builder) encode(e *event.Event) (string, error) {
	if last := b.last.Load(); last != nil && last.event == e {
		return last.text, nil
	}
	valid := *e
	valid.Timestamp = jsonTime(e.Timestamp)
	text, err := json.Marshal(valid)
	if err != nil {
		return "", err
	}
	b.last.Store(&encodedEvent{e, string(text)})
	return string(text), nil
}

// applyEvent sets in the spec the little an event may change: environment variables and a shorter deadline.
func applyEvent(spec *corev1.PodSpec, p worker.PodSpec) {
	env := variables(p)
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			containers[i].Env = append(slices.Clip(env), containers[i].Env...)
		}
	}
	if d := p.Event.Deadline; d > 0 {
		spec.ActiveDeadlineSeconds = new(k8s.Seconds(d))
	}
}

// fillFrom adds those entries of a template whose keys the worker's own entries do not have.
func fillFrom(template, own map[string]string) map[string]string {
	for k, v := range template {
		if _, taken := own[k]; !taken {
			own[k] = v
		}
	}
	return own
}
