package worker_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
	"github.com/ottoscaler/ottoscaler/internal/worker/workertest"
)

// relistingCluster hands the watch's function to a test.
type relistingCluster struct {
	*workertest.Cluster

	each chan func([]worker.Observation, bool)
	last chan worker.Observation
}

func (c *relistingCluster) Watch(ctx context.Context, each func([]worker.Observation, bool)) error {
	c.each <- each
	return c.Cluster.Watch(ctx, func(obs []worker.Observation, complete bool) {
		for _, o := range obs {
			if o.Phase == worker.PhaseRunning {
				c.last <- o
			}
		}
		each(obs, complete)
	})
}

// Get finds no Pod: it is deleted.
func (c *relistingCluster) Get(context.Context, worker.PodRef) (*worker.Observation, error) {
	return nil, nil
}

// TestRelistKeepsTheEnd: the watch shows the end of a Pod and breaks; the Pod is deleted before the relist. The manager learns how
// it ended.
func TestRelistKeepsTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &harness{redis: workertest.NewRedis(), done: make(chan error, 1)}
		c := &relistingCluster{workertest.NewCluster(), make(chan func([]worker.Observation, bool), 1), make(chan worker.Observation, 9)}
		take, stop := context.WithCancel(t.Context())
		b.stop = stop
		m := worker.NewManager(ports(b.redis, b.redis, c), settings(), worker.Carryover{}, slog.New(slog.DiscardHandler))
		go func() { b.done <- m.Run(take, t.Context()) }()
		id := event.ID{Ms: 1}
		b.redis.Add(id, "type", "scale_up", "pod_count", "1")
		each, o := <-c.each, <-c.last
		time.Sleep(time.Second)
		o.Phase, o.Reason = worker.PhaseFailed, "OOMKilled"
		each([]worker.Observation{o}, false)
		each(nil, true)
		time.Sleep(time.Second)
		want := map[string]int{"accepted": 1, "workercreated": 1, "workerrunning": 1, "settled": 1, "workerfailed": 1, "closed": 1}
		if diff := cmp.Diff(want, b.kinds(id)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		b.stopTerm(t)
	})
}
