package k8s

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// OfEvent shows the Pods of one event as they are now, for people.
func (c *Client) OfEvent(ctx context.Context, id worker.ID) ([]worker.Observation, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	o := metav1.ListOptions{LabelSelector: labels.Set{
		labelManagedBy: managedBy, keyInstance: c.Instance, keyEventID: id.String(),
	}.String()}
	var list corev1.PodList
	err := c.sights.Get().Namespace(c.Namespace).Resource("pods").VersionedParams(&o, c.params).MaxRetries(0).Do(ctx).Into(&list)
	if err != nil {
		return nil, fmt.Errorf("listing the Pods of event %s in namespace %q: %s", id, c.Namespace, words(err))
	}
	var all []worker.Observation
	for i := range list.Items {
		if o, ours := c.observe(&list.Items[i]); ours && o.Event == id {
			all = append(all, o)
		}
	}
	return all, nil
}

// Try asks the API server whether it would take a Pod of a template now, quota and admission included, and makes none.
// The error is one of worker's Err values with the server's words.
func (c *Client) Try(ctx context.Context, template string) error {
	id := worker.ID{Ms: uint64(time.Now().UnixMilli())}
	event := worker.Event{EventID: id, Type: worker.ScaleUp, PodCount: 1, Timestamp: id.Time(), Template: template}
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
