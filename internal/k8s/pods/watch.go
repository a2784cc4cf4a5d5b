package pods

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	pageSize     = 500
	pageTimeout  = time.Minute
	backoffReset = time.Minute // without an interruption, after which the next one begins with the shortest pause again
)

// The states of the watch of Pods.
const (
	watchNotListed int32 = iota
	watchOpen
	watchInterrupted
)

// Watch implements worker.Cluster. Client-go's Reflector lists, watches and resumes. Nothing is cached: its store is a
// reflectorStore, which makes an observation of each Pod and forgets the Pod.
func (c *Client) Watch(ctx context.Context, each func(obs []worker.Observation, complete bool)) error {
	s := &reflectorStore{client: c, each: each}
	defer c.watchState.Store(watchNotListed)
	options := cache.ReflectorOptions{Name: "workers", Backoff: new(backoff())}
	reflector := cache.NewReflectorWithOptions(podSource{s}, &corev1.Pod{}, s, options)
	reflector.WatchListPageSize = pageSize
	return backoff().DelayWithReset(clock.RealClock{}, backoffReset).Until(ctx, true, true, func(ctx context.Context) (bool, error) {
		if err := reflector.ListAndWatchWithContext(ctx); err != nil {
			s.interrupted(ctx, err)
		}
		return false, nil
	})
}

// Watching reports why observations of Pods do not arrive; nil: they do. Health checks call it.
func (c *Client) Watching() error {
	switch c.watchState.Load() {
	case watchOpen:
		return nil
	case watchInterrupted:
		return errors.New("pod watch interrupted")
	}
	return errors.New("pods not listed yet")
}

func backoff() wait.Backoff {
	return wait.Backoff{Duration: 200 * time.Millisecond, Factor: 2, Jitter: 0.2, Steps: 6, Cap: 5 * time.Second}
}
