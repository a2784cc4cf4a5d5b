package pods

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// PodView is a Pod as commands show it to people.
type PodView struct {
	worker.Observation

	Scheduled time.Time // when it got a node, in whole seconds; zero: not yet
}

// OfEvent lists the Pods of one event as they are now. The command `explain` calls it.
func (c *Client) OfEvent(ctx context.Context, id event.ID) ([]PodView, error) {
	all, err := c.views(ctx, map[string]string{keyEventID: id.String()})
	return slices.DeleteFunc(all, func(v PodView) bool { return v.Event != id }), err
}

// All lists the Pods of this installation as they are now. The command `check` calls it.
func (c *Client) All(ctx context.Context) ([]PodView, error) { return c.views(ctx, nil) }

func (c *Client) views(ctx context.Context, labels map[string]string) ([]PodView, error) {
	ctx, cancel := context.WithTimeout(ctx, k8s.CallTimeout)
	defer cancel()
	var list corev1.PodList
	if err := c.newList(metav1.ListOptions{}, labels).Do(ctx).Into(&list); err != nil {
		return nil, fmt.Errorf("listing the Pods with %s in namespace %q: %s", c.selector(labels), c.namespace, k8s.ServerMessage(err))
	}
	var all []PodView
	for i := range list.Items {
		if o, ok := c.observer.observe(&list.Items[i]); ok {
			all = append(all, PodView{o, scheduled(&list.Items[i])})
		}
	}
	return all, nil
}

func scheduled(pod *corev1.Pod) time.Time {
	if c := condition(pod, corev1.PodScheduled, corev1.ConditionTrue); c != nil {
		return jsonTime(c.LastTransitionTime.Time)
	}
	return time.Time{}
}
