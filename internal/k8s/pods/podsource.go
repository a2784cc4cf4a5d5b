package pods

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
)

// podSource is where a Reflector gets its Pods from (cache.ListerWatcher).
type podSource struct{ store *reflectorStore }

// IsWatchListSemanticsUnSupported keeps the Reflector from streaming the list: after an interruption it would accept one as
// old as what it had last.
func (s podSource) IsWatchListSemanticsUnSupported() bool { return true }

// ListWithContext asks for a page of a consistent list, whatever version the Reflector would accept: it begins with "0", a
// cache's state of any age.
func (s podSource) ListWithContext(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	o.ResourceVersion, o.ResourceVersionMatch = "", ""
	var page corev1.PodList
	err := s.store.client.newList(o, nil).Do(ctx).Into(&page)
	return &page, err
}

// WatchWithContext opens the stream of changes.
func (s podSource) WatchWithContext(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	o.Watch = true
	w, err := s.store.client.newList(o, nil).Watch(ctx)
	if err != nil {
		s.store.interrupted(ctx, err)
		return nil, err
	}
	s.store.opened()
	return w, nil
}

// List is required by cache.ListerWatcher; the Reflector uses ListWithContext.
func (s podSource) List(o metav1.ListOptions) (runtime.Object, error) {
	return s.ListWithContext(context.Background(), o)
}

// Watch is required by cache.ListerWatcher; the Reflector uses WatchWithContext.
func (s podSource) Watch(o metav1.ListOptions) (watch.Interface, error) {
	return s.WatchWithContext(context.Background(), o)
}
