package pods

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// maxWarned bounds the Pods whose warnings are read for one list: a thousand that hang mostly hang for one reason.
const maxWarned = 10

// PodView is a Pod as commands show it to people: with its newest warning if nothing of it has started.
type PodView struct {
	worker.Observation
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
	warned := 0
	for i := range list.Items {
		o, ok := c.observer.observe(&list.Items[i])
		if !ok {
			continue
		}
		if !o.Starting.IsZero() && warned < maxWarned {
			warned++
			o.Warning = c.warning(ctx, o.Ref.UID)
			if o.Waiting == worker.WaitingNone && strings.HasPrefix(o.Warning, "Failed: ") {
				o.Warning = "" // of a container: its status will say so, with a reason
			}
		}
		all = append(all, PodView{o})
	}
	return all, nil
}
