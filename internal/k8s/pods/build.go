package pods

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// builder makes Pods from templates and events.
type builder struct {
	namespace, instance, stream string
	traceparent                 func(e *event.Event, slot, attempt int) string // nil: the producer's

	templates atomic.Pointer[templates.Set] // of the operator, who may change them at any time
	last      atomic.Pointer[encodedEvent]
}

type encodedEvent struct {
	event *event.Event // which is never changed
	text  string
}

// build makes the Pod of one attempt from its template.
func (b *builder) build(p worker.PodSpec) (*corev1.Pod, error) {
	template, known := b.templates.Load().Copy(p.Event.Template)
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
	applyEvent(&pod.Spec, p, b.variables(p))
	if err := override(&pod.Spec.Containers[0], p.Event); err != nil {
		return nil, fmt.Errorf("creating pod %q: %w: %w", p.Name, worker.ErrRefused, err)
	}
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
		keyQueue:         queueOf(p.Event),
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

// applyEvent sets in the spec the little that any event may change: environment variables and a shorter deadline.
func applyEvent(spec *corev1.PodSpec, p worker.PodSpec, env []corev1.EnvVar) {
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			containers[i].Env = append(slices.Clip(env), containers[i].Env...)
		}
	}
	if d := p.Event.Deadline; d > 0 {
		spec.ActiveDeadlineSeconds = new(k8s.Seconds(d))
	}
}

// override sets what the operator allowed this event to change of its template.
func override(c *corev1.Container, e *event.Event) error {
	if e.Image != "" {
		c.Image = e.Image
		if templates.IsDemo(c.Command) {
			c.Command = nil
		}
	}
	for name, value := range map[corev1.ResourceName]string{corev1.ResourceCPU: e.CPU, corev1.ResourceMemory: e.Memory} {
		if value == "" {
			continue
		}
		q, err := apiresource.ParseQuantity(value)
		if err != nil {
			return fmt.Errorf("%s=%q: %w", name, value, err)
		}
		c.Resources.Requests = with(c.Resources.Requests, name, q)
		c.Resources.Limits = with(c.Resources.Limits, name, q)
	}
	return nil
}

func with(list corev1.ResourceList, name corev1.ResourceName, q apiresource.Quantity) corev1.ResourceList {
	if list == nil {
		list = make(corev1.ResourceList)
	}
	list[name] = q
	return list
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
