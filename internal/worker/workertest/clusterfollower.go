package workertest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// follower collects what a Watch shows.
type follower struct {
	t     *testing.T
	first []worker.Observation // complete
	seen  chan worker.Observation
	stop  context.CancelFunc
	ended chan error
}

// follow starts a Watch and waits for its first, complete observations.
func (c Clusters) follow(t *testing.T) *follower {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	f := &follower{t: t, seen: make(chan worker.Observation, 1000), stop: stop, ended: make(chan error, 1)}
	begun := make(chan struct{})
	var once sync.Once
	go func() {
		f.ended <- c.Cluster.Watch(ctx, func(obs []worker.Observation, complete bool) {
			once.Do(func() {
				if complete {
					f.first, obs = obs, nil
				}
				close(begun)
			})
			for _, o := range obs {
				f.seen <- o
			}
		})
	}()
	t.Cleanup(f.end)
	select {
	case <-begun:
	case <-time.After(limit):
		t.Fatal("the watch shows nothing")
	}
	return f
}

func (f *follower) end() {
	f.stop()
	if err := <-f.ended; !errors.Is(err, context.Canceled) {
		f.t.Errorf("Watch returned %v", err)
	}
}

// await returns the first observation of the Pod that fits.
func (f *follower) await(what string, ref worker.PodRef, fits func(o worker.Observation) bool) worker.Observation {
	f.t.Helper()
	timeout := time.After(limit)
	for {
		select {
		case o := <-f.seen:
			if o.Ref == ref && fits(o) {
				return o
			}
		case <-timeout:
			f.t.Fatalf("the watch does not show %v %s", ref, what)
		}
	}
}

func running(o worker.Observation) bool {
	return o.Phase == worker.PhaseRunning && o.Node != "" && !o.Gone
}

func isGone(o worker.Observation) bool { return o.Gone }

func ended(o worker.Observation) bool { return o.Phase.Ended() }

// start follows a new Pod until it is running.
func (c Clusters) start(t *testing.T, slot int) (*follower, worker.PodRef) {
	t.Helper()
	f := c.follow(t)
	ref := c.create(t, slot)
	f.await("running", ref, running)
	return f, ref
}
