package k8s

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Shown is a Pod as people are shown it.
type Shown struct {
	worker.Observation
	Scheduled time.Time // when a node got it, in whole seconds; zero: none has
}

// OfEvent shows the Pods of one event as they are now, for people.
func (c *Client) OfEvent(ctx context.Context, id event.ID) ([]Shown, error) {
	all, err := c.shown(ctx, labels.Set{keyEventID: id.String()})
	return slices.DeleteFunc(all, func(s Shown) bool { return s.Event != id }), err
}

// All shows the Pods of this installation as they are now, for people.
func (c *Client) All(ctx context.Context) ([]Shown, error) { return c.shown(ctx, labels.Set{}) }

func (c *Client) shown(ctx context.Context, more labels.Set) ([]Shown, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	more[labelManagedBy], more[keyInstance] = managedBy, c.Instance
	o := metav1.ListOptions{LabelSelector: more.String()}
	var list corev1.PodList
	err := c.sights.Get().Namespace(c.Namespace).Resource("pods").VersionedParams(&o, c.params).MaxRetries(0).Do(ctx).Into(&list)
	if err != nil {
		return nil, fmt.Errorf("listing the Pods with %s in namespace %q: %s", more, c.Namespace, words(err))
	}
	var all []Shown
	for i := range list.Items {
		if o, ours := c.observe(&list.Items[i]); ours {
			all = append(all, Shown{o, scheduled(&list.Items[i])})
		}
	}
	return all, nil
}

func scheduled(pod *corev1.Pod) time.Time {
	if c := condition(pod, corev1.PodScheduled, corev1.ConditionTrue); c != nil {
		return sane(c.LastTransitionTime.Time)
	}
	return time.Time{}
}

// Try asks the API server whether it would take a Pod of a template now, quota and admission included, and makes none.
// The error is one of worker's Err values with the server's words.
func (c *Client) Try(ctx context.Context, template string) error {
	id := event.ID{Ms: uint64(time.Now().UnixMilli())}
	event := event.Event{EventID: id, Type: event.ScaleUp, PodCount: 1, Timestamp: id.Time(), Template: template}
	pod, err := c.pod(worker.PodSpec{Name: c.Names.Pod(id, 1, 1), Event: &event, Slot: 1, Attempt: 1})
	if err != nil {
		return err
	}
	o := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
	var made corev1.Pod
	if err := c.call(ctx, c.calls.Post().VersionedParams(&o, c.params).Body(pod), &made); err != nil {
		return translate("trying", pod.Name, err)
	}
	return nil
}
