package pods

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/json"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// maxEventAnnotation is more bytes than the JSON of any valid event takes, every byte of it escaped.
const maxEventAnnotation = 128 << 10

// Get implements worker.Cluster. Only the API server's own answer counts as gone. A Pod of which nothing has started costs a
// second request: for its warnings.
func (c *Client) Get(ctx context.Context, ref worker.PodRef) (*worker.Observation, error) {
	var pod corev1.Pod
	err := c.fetch(ctx, ref.Name, &pod)
	switch {
	case k8s.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, podError("getting", ref.Name, err)
	case ref.UID != "" && pod.UID != types.UID(ref.UID):
		return nil, nil
	}
	o, ok := c.observer.recognize(&pod, ref)
	if !ok {
		return nil, fmt.Errorf("getting pod %q: %w", ref.Name, worker.ErrNameConflict)
	}
	o.Origin = readEvent(&pod)
	if !o.Starting.IsZero() {
		o.Warning = c.warning(ctx, string(pod.UID))
	}
	return &o, nil
}

// readEvent reads the event from the Pod's annotation. It does not check whether the event is valid: whoever may edit Pods
// may have written it.
func readEvent(pod *corev1.Pod) *event.Event {
	text := pod.Annotations[annotationEvent]
	if len(text) > maxEventAnnotation {
		return nil
	}
	var e *event.Event // nil after `null`
	wrong, err := json.UnmarshalStrict([]byte(text), &e)
	if err != nil || len(wrong) > 0 {
		return nil
	}
	if e != nil && e.Queue == "" { // JSON leaves the default out
		e.Queue = event.DefaultQueue
	}
	return e
}
