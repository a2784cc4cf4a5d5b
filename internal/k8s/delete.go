package k8s

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// Delete implements worker.Cluster. Without a UID it deletes nothing: the name may have come back as another Pod.
func (c *Client) Delete(ctx context.Context, ref worker.PodRef, grace time.Duration) error {
	if ref.UID == "" {
		return fmt.Errorf("deleting pod %q: its UID is not known", ref.Name)
	}
	err := c.write(ctx, c.calls.Delete().Name(ref.Name).Body(deleteOptions(ref, grace)), rest.Result.Error)
	switch {
	case err == nil:
		return nil
	case isGone(err):
		return gone(ref)
	case apierrors.IsConflict(err): // most likely another UID; a GET tells
		if o, err := c.Get(ctx, ref); err == nil && o == nil {
			return gone(ref)
		}
	}
	return translate("deleting", ref.Name, err)
}

func gone(ref worker.PodRef) error {
	return fmt.Errorf("deleting pod %q: %w", ref.Name, worker.ErrGone)
}

func deleteOptions(ref worker.PodRef, grace time.Duration) *metav1.DeleteOptions {
	o := &metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(ref.UID)}
	if grace >= 0 {
		o.GracePeriodSeconds = new(seconds(grace))
	}
	return o
}

// isGone is false for the 404 of something that is no API server: a proxy, a wrong path.
func isGone(err error) bool {
	return apierrors.IsNotFound(err) && !apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}
