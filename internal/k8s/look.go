package k8s

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/json"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// maxOrigin is more than the JSON of any event takes that Decode lets pass, every byte of it escaped.
const maxOrigin = 64 << 10

// Get implements worker.Cluster. Only the API server's own words count as gone.
func (c *Client) Get(ctx context.Context, ref worker.PodRef) (*worker.Observation, error) {
	var pod corev1.Pod
	err := c.get(ctx, ref.Name, &pod)
	switch {
	case isGone(err):
		return nil, nil
	case err != nil:
		return nil, translate("looking for", ref.Name, err)
	case ref.UID != "" && pod.UID != types.UID(ref.UID):
		return nil, nil
	}
	seen, ok := c.recognize(&pod, ref)
	if !ok {
		return nil, fmt.Errorf("looking for pod %q: %w", ref.Name, worker.ErrNameConflict)
	}
	seen.Origin = origin(&pod)
	return &seen, nil
}

// recognize knows a Pod by the UID that was asked for, whatever stands on it; else by what it says of itself.
func (o *Options) recognize(pod *corev1.Pod, ref worker.PodRef) (worker.Observation, bool) {
	if ref.UID == "" {
		return o.observe(pod)
	}
	seen := worker.Observation{Ref: ref}
	o.identify(pod, &seen) // its zero values say that nobody can read it any more
	describe(pod, &seen)
	return seen, true
}

// origin reads the event off the Pod's annotation. It says nothing of whether the event is valid: anybody who may edit
// Pods may have written it.
func origin(pod *corev1.Pod) *event.Event {
	text := pod.Annotations[noteEvent]
	if len(text) > maxOrigin {
		return nil
	}
	var event *event.Event // nil after `null`
	wrong, err := json.UnmarshalStrict([]byte(text), &event)
	if err != nil || len(wrong) > 0 {
		return nil
	}
	return event
}
