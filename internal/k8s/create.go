package k8s

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Create starts the Pod of one attempt with one POST. Only when its name is taken a GET follows, to see by whom.
func (c *Client) Create(ctx context.Context, p worker.PodSpec) (string, error) {
	pod, err := c.pod(p)
	if err != nil {
		return "", err
	}
	var uid string
	err = c.write(ctx, c.calls.Post().Body(pod), func(answer rest.Result) error {
		uid, err = uidOf(answer)
		return err
	})
	switch {
	case err == nil:
		return uid, nil
	case apierrors.IsAlreadyExists(err):
		return c.holder(ctx, p)
	}
	return "", translate("creating", p.Name, err)
}

// uidOf reads the UID of what was made.
func uidOf(answer rest.Result) (string, error) {
	made, err := answer.Get()
	if err != nil {
		return "", err
	}
	object, err := meta.Accessor(made)
	if err != nil {
		return "", err
	}
	return string(object.GetUID()), nil
}

// holder says who has the name: we, for the same attempt of the same worker, or somebody else.
func (c *Client) holder(ctx context.Context, p worker.PodSpec) (string, error) {
	var pod corev1.Pod
	if err := c.get(ctx, p.Name, &pod); err != nil {
		return "", fmt.Errorf("creating pod %q: its name is taken: %w: %s", p.Name, worker.ErrUnknown, words(err))
	}
	o, ok := c.observe(&pod)
	if !ok || o.Event != p.Event.EventID || o.Slot != p.Slot || o.Attempt != p.Attempt {
		return "", fmt.Errorf("creating pod %q: %w", p.Name, worker.ErrNameConflict)
	}
	return o.Ref.UID, fmt.Errorf("creating pod %q: %w", p.Name, worker.ErrExists)
}

// get reads a Pod consistently: without a resource version the answer is as new as the request.
func (c *Client) get(ctx context.Context, name string, into *corev1.Pod) error {
	return c.call(ctx, c.calls.Get().Name(name), into)
}
