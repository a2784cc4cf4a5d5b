package k8s

import (
	"context"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	pageSize    = 500
	pageTimeout = time.Minute
	calm        = time.Minute // after which a new interruption starts with the shortest pause again
)

// How the watch of Pods stands.
const (
	watchIsClosed int32 = iota // or has not listed them yet
	watchIsOpen
	watchRests // interrupted
)

// Watch implements worker.Cluster. client-go's Reflector lists, watches and resumes; it keeps nothing, since what it
// stores its Pods in is a sight, which turns each into an observation and forgets it.
func (c *Client) Watch(ctx context.Context, each func(obs []worker.Observation, complete bool)) error {
	s := &sight{client: c, each: each}
	defer c.watched.Store(watchIsClosed)
	reflector := cache.NewReflectorWithOptions(s, &corev1.Pod{}, s, cache.ReflectorOptions{Name: "workers", Backoff: new(pauses())})
	reflector.WatchListPageSize = pageSize
	return pauses().DelayWithReset(clock.RealClock{}, calm).Until(ctx, true, true, func(ctx context.Context) (bool, error) {
		if err := reflector.ListAndWatchWithContext(ctx); err != nil {
			s.interrupted(ctx, err)
		}
		return false, nil
	})
}

func pauses() wait.Backoff {
	return wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Jitter: 0.2, Steps: 6, Cap: 5 * time.Second}
}

// sight is both ends of the Reflector: where Pods come from (cache.ListerWatcher) and where they go
// (cache.ReflectorStore).
type sight struct {
	client *Client
	each   func([]worker.Observation, bool)
	down   atomic.Bool // interrupted, and said so
	listed bool
}

// IsWatchListSemanticsUnSupported keeps the Reflector from streaming the list: after an interruption it would be
// content with one as old as what it saw last.
func (s *sight) IsWatchListSemanticsUnSupported() bool { return true }

// ListWithContext asks for a page of a consistent list, whatever version the Reflector would be content with: it
// begins with "0", a cache's view of any age.
func (s *sight) ListWithContext(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	o.ResourceVersion, o.ResourceVersionMatch = "", ""
	var page corev1.PodList
	err := s.request(o).Do(ctx).Into(&page)
	return &page, err
}

// WatchWithContext opens the stream of changes.
func (s *sight) WatchWithContext(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	o.Watch = true
	w, err := s.request(o).Watch(ctx)
	if err != nil {
		s.interrupted(ctx, err)
		return nil, err
	}
	if s.down.Swap(false) {
		s.client.Logger.Info("watching Pods again")
	}
	s.client.watched.Store(watchIsOpen)
	return w, nil
}

// List is what the type of a ListerWatcher asks for besides; the Reflector uses ListWithContext.
func (s *sight) List(o metav1.ListOptions) (runtime.Object, error) {
	return s.ListWithContext(context.Background(), o)
}

// Watch is to WatchWithContext as List to ListWithContext.
func (s *sight) Watch(o metav1.ListOptions) (watch.Interface, error) {
	return s.WatchWithContext(context.Background(), o)
}
