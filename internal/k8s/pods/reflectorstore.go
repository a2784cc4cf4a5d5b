package pods

import (
	"context"
	"errors"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// reflectorStore is what a Reflector keeps its Pods in (cache.ReflectorStore). It reports an observation of each and keeps
// none.
type reflectorStore struct {
	client *Client
	each   func([]worker.Observation, bool)
	down   atomic.Bool // interrupted, and logged
	listed bool
}

// Replace reports all Pods there are.
func (s *reflectorStore) Replace(pods []any, _ string) error {
	if s.listed && !s.down.Load() {
		errcode.Warn(s.client.log, errcode.WatchExpired)
	}
	s.listed = true
	all := make([]worker.Observation, 0, len(pods))
	for _, p := range pods {
		if o, ok := s.observe(p); ok {
			all = append(all, o)
		}
	}
	s.each(all, true)
	return nil
}

// Add reports a new Pod.
func (s *reflectorStore) Add(pod any) error { return s.apply(pod, false) }

// Update reports a changed Pod.
func (s *reflectorStore) Update(pod any) error { return s.apply(pod, false) }

// Delete reports the last state of a Pod. It may only have lost its labels: the domain asks the API server before it decides.
func (s *reflectorStore) Delete(pod any) error { return s.apply(pod, true) }

// Resync has nothing to do: nothing is kept.
func (s *reflectorStore) Resync() error { return nil }

// apply reports one Pod. One that has the installation's labels but does not identify its worker is reported by its name and
// UID alone: its annotations may have been edited, and its end must be observed all the same.
func (s *reflectorStore) apply(pod any, gone bool) error {
	o, ok := s.observe(pod)
	if p, isPod := pod.(*corev1.Pod); !ok && isPod && p.UID != "" && len(p.UID) <= maxUID {
		o, ok = worker.Observation{Ref: worker.PodRef{Name: p.Name, UID: string(p.UID)}}, true
	}
	if ok {
		o.Gone = gone
		s.each([]worker.Observation{o}, false)
	}
	return nil
}

func (s *reflectorStore) observe(p any) (worker.Observation, bool) {
	pod, ok := p.(*corev1.Pod)
	if !ok {
		return worker.Observation{}, false
	}
	return s.client.observer.observe(pod)
}

// interrupted logs an interruption once, whatever keeps failing until the watch is open again.
func (s *reflectorStore) interrupted(ctx context.Context, err error) {
	s.client.watchState.CompareAndSwap(watchOpen, watchInterrupted)
	if s.client.forbidden != nil && errors.Is(k8s.Meaning(err), worker.ErrForbidden) {
		s.client.forbidden(errors.New(k8s.ServerMessage(err)))
	}
	if ctx.Err() == nil && !s.down.Swap(true) {
		errcode.Warn(s.client.log, errcode.WatchInterrupted, "error", k8s.ServerMessage(err))
	}
}

// opened logs the end of an interruption.
func (s *reflectorStore) opened() {
	if s.down.Swap(false) {
		s.client.log.Info("pod watch resumed")
	}
	s.client.watchState.Store(watchOpen)
}
