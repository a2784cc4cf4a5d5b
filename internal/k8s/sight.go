package k8s

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// request is a list or a watch of this installation's Pods.
func (s *sight) request(o metav1.ListOptions) *rest.Request {
	c := s.client
	o.LabelSelector = labels.Set{labelManagedBy: managedBy, keyInstance: c.Instance}.String()
	return c.sights.Get().Namespace(c.Namespace).Resource("pods").VersionedParams(&o, c.params).MaxRetries(0)
}

// interrupted says once that the watch rests, whatever keeps failing until it is back.
func (s *sight) interrupted(ctx context.Context, err error) {
	s.client.watched.CompareAndSwap(watchIsOpen, watchRests)
	if s.client.Denied != nil && errors.Is(meaning(err), worker.ErrForbidden) {
		s.client.Denied(errors.New(words(err)))
	}
	if ctx.Err() == nil && !s.down.Swap(true) {
		s.client.Logger.Warn("the watch of Pods is interrupted, trying again", "error", words(err))
	}
}

// Replace takes in all Pods there are.
func (s *sight) Replace(pods []any, _ string) error {
	if s.listed && !s.down.Load() {
		s.client.Logger.Warn("the watch of Pods was interrupted, they are listed anew")
	}
	s.listed = true
	all := make([]worker.Observation, 0, len(pods))
	for _, p := range pods {
		if o, ok := s.look(p); ok {
			all = append(all, o)
		}
	}
	s.each(all, true)
	return nil
}

// Add takes in a new Pod.
func (s *sight) Add(pod any) error { return s.changed(pod, false) }

// Update takes in a changed one.
func (s *sight) Update(pod any) error { return s.changed(pod, false) }

// Delete takes in the last of one. It may only have lost its labels: who decides asks the API server first.
func (s *sight) Delete(pod any) error { return s.changed(pod, true) }

// Resync has nothing to do: nothing is kept.
func (s *sight) Resync() error { return nil }

// changed hands a Pod over; one that has our labels and does not say whose it is, by its name and UID alone. Somebody may
// have edited its annotations, and what becomes of it must be learnt all the same.
func (s *sight) changed(pod any, gone bool) error {
	o, ok := s.look(pod)
	if p, isPod := pod.(*corev1.Pod); !ok && isPod && p.UID != "" && len(p.UID) <= maxUID {
		o, ok = worker.Observation{Ref: worker.PodRef{Name: p.Name, UID: string(p.UID)}}, true
	}
	if ok {
		o.Gone = gone
		s.each([]worker.Observation{o}, false)
	}
	return nil
}

func (s *sight) look(p any) (worker.Observation, bool) {
	pod, ok := p.(*corev1.Pod)
	if !ok {
		return worker.Observation{}, false
	}
	return s.client.observe(pod)
}
