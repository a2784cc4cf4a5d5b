package pods

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Create implements worker.Cluster: it starts the Pod of one attempt with one POST. Only when the name is taken a GET
// follows, to see by which Pod.
func (c *Client) Create(ctx context.Context, p worker.PodSpec) (string, error) {
	pod, err := c.builder.build(p)
	if err != nil {
		return "", err
	}
	var uid string
	selected := true
	err = c.write(ctx, c.writer.Post().Body(pod), func(answer rest.Result) error {
		uid, selected, err = c.readCreated(answer)
		return err
	})
	switch {
	case err == nil && !selected: // as one that existed, it is asked for by name and UID
		c.relabelled.Do(func() { errcode.Warn(c.log, errcode.PodsRelabelled, "pod", p.Name, "selector", c.selector(nil)) })
		return uid, fmt.Errorf("creating pod %q: admission changed its labels: %w", p.Name, worker.ErrExists)
	case err == nil:
		return uid, nil
	case apierrors.IsAlreadyExists(err):
		return c.podOwner(ctx, p)
	}
	return "", podError("creating", p.Name, err)
}

// readCreated reads the UID of the created Pod, and whether the watch selects it by the labels it was stored with.
func (c *Client) readCreated(answer rest.Result) (uid string, selected bool, err error) {
	created, err := answer.Get()
	if err != nil {
		return "", false, err
	}
	object, err := meta.Accessor(created)
	if err != nil {
		return "", false, err
	}
	labels := object.GetLabels()
	selected = labels[k8s.LabelManagedBy] == k8s.ManagedBy && labels[keyInstance] == c.observer.instance
	return string(object.GetUID()), selected, nil
}

// podOwner reports whether the Pod with this name is the same attempt of the same worker: ErrExists, else ErrNameConflict.
func (c *Client) podOwner(ctx context.Context, p worker.PodSpec) (string, error) {
	var pod corev1.Pod
	if err := c.fetch(ctx, p.Name, &pod); err != nil {
		return "", fmt.Errorf("creating pod %q: its name is taken: %w: %s", p.Name, worker.ErrUnknown, k8s.ServerMessage(err))
	}
	o, ok := c.observer.observeOwned(&pod)
	if !ok || o.Event != p.Event.EventID || o.Slot != p.Slot || o.Attempt != p.Attempt {
		return "", fmt.Errorf("creating pod %q: %w", p.Name, worker.ErrNameConflict)
	}
	return o.Ref.UID, fmt.Errorf("creating pod %q: %w", p.Name, worker.ErrExists)
}
