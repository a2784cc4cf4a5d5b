package pods

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Delete implements worker.Cluster. Without a UID it deletes nothing: another Pod may have the name by now.
func (c *Client) Delete(ctx context.Context, ref worker.PodRef, grace time.Duration) error {
	if ref.UID == "" {
		return fmt.Errorf("deleting pod %q: its UID is not known", ref.Name)
	}
	err := c.write(ctx, c.writer.Delete().Name(ref.Name).Body(deleteOptions(ref, grace)), rest.Result.Error)
	switch {
	case err == nil:
		return nil
	case k8s.IsNotFound(err):
		return gone(ref)
	case apierrors.IsConflict(err): // most likely another UID; a GET decides
		if o, err := c.Get(ctx, ref); err == nil && o == nil {
			return gone(ref)
		}
	}
	return podError("deleting", ref.Name, err)
}

func gone(ref worker.PodRef) error {
	return fmt.Errorf("deleting pod %q: %w", ref.Name, worker.ErrGone)
}

func deleteOptions(ref worker.PodRef, grace time.Duration) *metav1.DeleteOptions {
	o := &metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(ref.UID)}
	if grace >= 0 {
		o.GracePeriodSeconds = new(k8s.Seconds(grace))
	}
	return o
}
