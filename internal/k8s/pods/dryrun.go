package pods

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// DryRun asks the API server whether it would accept a Pod of a template now, quota and admission included, and creates none.
// The error is one of worker's Err values with the server's message. The commands `check` and `explain` call it.
func (c *Client) DryRun(ctx context.Context, template string) error {
	id := event.ID{Ms: uint64(time.Now().UnixMilli())}
	e := event.Event{EventID: id, Type: event.ScaleUp, PodCount: 1, Timestamp: id.Time(), Template: template}
	pod, err := c.builder.build(worker.PodSpec{Name: c.names.Pod(id, 1, 1), Event: &e, Slot: 1, Attempt: 1})
	if err != nil {
		return err
	}
	o := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
	var answer corev1.Pod
	if err := c.send(ctx, c.writer.Post().VersionedParams(&o, c.params).Body(pod), &answer); err != nil {
		return podError("dry run of", pod.Name, err)
	}
	return nil
}
