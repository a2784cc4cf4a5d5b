package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/health"
	"github.com/ottoscaler/ottoscaler/internal/k8s/leader"
	"github.com/ottoscaler/ottoscaler/internal/k8s/pods"
	"github.com/ottoscaler/ottoscaler/internal/k8s/recorder"
	"github.com/ottoscaler/ottoscaler/internal/kubeevents"
	"github.com/ottoscaler/ottoscaler/internal/metrics"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
	"github.com/ottoscaler/ottoscaler/internal/redis/stream"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	startTimeout = 10 * time.Second // for Redis and Kubernetes to answer at the start
	gracePeriod  = 20 * time.Second // for work in flight at the stop; a Pod has 30 s by default
)

// App is one replica of the daemon.
type App struct {
	log          *slog.Logger
	cfg          config.Config
	redis        *redis.Client
	poison       stream.Poison // outlives the Sources of all terms
	cluster      *pods.Client
	lease        *leader.Lease // nil: no leader election
	recorder     *recorder.Recorder
	emitter      *kubeevents.Emitter
	instrumenter *metrics.Instrumenter
	reloader     *reloader
	servers      []endpoint

	leading atomic.Bool
	manager atomic.Pointer[worker.Manager]     // of the current term; nil between terms
	owned   atomic.Pointer[records.OwnedError] // why the last term did not start, if another installation owns the stream
}

// endpoint is a server and the setting that has its address.
type endpoint struct {
	setting string
	*health.Server
}

// Run acts until ctx ends and returns when everything has stopped. It may be called once. Probes are answered all the while:
// from before Redis and Kubernetes are reached until work in flight is finished.
func (a *App) Run(ctx context.Context) error {
	defer a.closeRedis()
	if err := a.listen(); err != nil {
		return err
	}
	acting, stopActing := context.WithCancel(ctx)
	defer stopActing()
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()
	var background errgroup.Group
	for _, e := range a.servers {
		background.Go(func() error {
			defer stopActing()
			return e.Run(serving)
		})
	}
	background.Go(func() error { return newGCTuner().Run(serving) })
	background.Go(func() error { return a.reloader.Run(serving) })
	err := a.act(acting)
	stopServing()
	return errors.Join(err, background.Wait())
}

func (a *App) listen() error {
	for _, e := range a.servers {
		if err := e.Listen(); err != nil {
			return errcode.Wrap(errcode.ListenFailed, fmt.Errorf("%s: %w", e.setting, err))
		}
	}
	return nil
}

func (a *App) closeRedis() {
	if err := a.redis.Close(); err != nil {
		a.log.Debug("closing the connections to Redis", "error", err)
	}
}

// act leads until ctx ends: always without a Lease, else only while holding it.
func (a *App) act(ctx context.Context) error {
	if err := a.waitReady(ctx); err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // a stop during the start is no failure
		}
		return err
	}
	a.log.Info("ottoscaler is ready", "stream", a.cfg.Redis.Stream, "group", a.cfg.Redis.ConsumerGroup,
		"consumer", a.cfg.Redis.Consumer, "namespace", a.cfg.Workers.Namespace, "max_workers", a.cfg.Workers.MaxWorkers)
	if a.lease == nil {
		a.lead(ctx)
	} else {
		_ = a.lease.Run(ctx, a.lead) // its error is ctx's: the process is to stop
	}
	a.log.Info("ottoscaler stopped")
	return nil
}

// waitReady waits for Redis and Kubernetes at once, so that one error reports both.
func (a *App) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var both errgroup.Group
	var redisErr, clusterErr error
	both.Go(func() error { redisErr = errcode.Wrap(errcode.Redis, a.redis.Ready(ctx)); return nil })
	both.Go(func() error { clusterErr = errcode.Wrap(errcode.Kubernetes, a.cluster.Ready(ctx)); return nil })
	_ = both.Wait() // neither returns an error
	switch {
	case redisErr == nil:
		return clusterErr
	case clusterErr == nil:
		return redisErr
	}
	return fmt.Errorf("%w; and %w", redisErr, clusterErr)
}
