package gateway

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/app"
	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/gateway/httpapi"
	"github.com/ottoscaler/ottoscaler/internal/k8s/leader"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
)

const (
	askTimeout       = 3 * time.Second // for Redis and Kubernetes to say how they are
	installationLife = time.Second     // how long an answer is used again: nobody loads Redis or the API server through it
)

// installationCache is the last answer.
type installationCache struct {
	mu   sync.Mutex
	at   time.Time
	last httpapi.Installation
}

// installation is how everything stands. Clients share one answer a second.
func (g *Gateway) installation(ctx context.Context) httpapi.Installation {
	g.known.mu.Lock()
	defer g.known.mu.Unlock()
	if time.Since(g.known.at) > installationLife {
		g.known.last = g.examine(context.WithoutCancel(ctx))
		g.known.at = time.Now()
	}
	in := g.known.last
	in.Failures = append([]httpapi.Failure(nil), in.Failures...)
	return in
}

// examine asks Redis and Kubernetes at once.
func (g *Gateway) examine(ctx context.Context) httpapi.Installation {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	w := g.cfg.Workers
	in := httpapi.Installation{
		Version: g.version, Write: g.cfg.API.Write, Namespace: w.Namespace, Instance: w.Instance,
		Limits: httpapi.Limits{
			MaxWorkers: w.MaxWorkers, MaxPodsPerEvent: w.MaxPodsPerEvent, MaxWaitingEvents: w.MaxWaitingEvents, MaxAttempts: w.MaxAttempts,
		},
	}
	var asking sync.WaitGroup
	var ofCluster httpapi.Installation
	asking.Go(func() { g.examineCluster(ctx, &ofCluster) })
	g.examineRedis(ctx, &in)
	asking.Wait()
	in.Kubernetes, in.Leader = ofCluster.Kubernetes, ofCluster.Leader
	in.Failures = append(in.Failures, ofCluster.Failures...)
	return in
}

func (g *Gateway) examineRedis(ctx context.Context, in *httpapi.Installation) {
	r := g.cfg.Redis
	us := records.Owner{Namespace: g.cfg.Workers.Namespace, Instance: g.cfg.Workers.Instance}
	found, err := inspect.Survey(ctx, g.redis, r.Stream, r.ConsumerGroup, us)
	if err != nil {
		in.Failures = append(in.Failures, httpapi.NewFailure(errcode.Redis, err))
		return
	}
	in.Redis = &httpapi.RedisState{Version: found.Version, Role: found.Role, AOF: found.AOF == "1", Eviction: found.Eviction}
	in.Failures = append(in.Failures, redisFailures(found)...)
	stats, err := inspect.ReadStats(ctx, g.redis, r.Stream, r.ConsumerGroup)
	if err != nil {
		in.Failures = append(in.Failures, httpapi.NewFailure(errcode.Redis, err))
		return
	}
	in.Stream = &httpapi.StreamState{
		Name: r.Stream, Group: r.ConsumerGroup, Owner: found.Owner, Length: stats.Length, Pending: stats.Pending, Lag: stats.Lag,
		DeadLetters: stats.Dead,
	}
	if in.Paused, err = g.reader.Paused(ctx); err != nil {
		in.Failures = append(in.Failures, httpapi.NewFailure(errcode.Redis, err))
	}
}

// redisFailures are what `check` would say of this Redis.
func redisFailures(found inspect.Inspection) []httpapi.Failure {
	var all []httpapi.Failure
	if found.Eviction != "" && found.Eviction != "noeviction" {
		all = append(all, httpapi.NewFailure(errcode.RedisEvicts, errors.New("maxmemory-policy is "+found.Eviction)))
	}
	if found.Owner != "" && !found.Ours {
		all = append(all, httpapi.NewFailure(errcode.StreamTaken, errors.New("the stream is owned by "+found.Owner)))
	}
	if !found.Grouped {
		all = append(all, httpapi.NewFailure(errcode.GroupMissing, errors.New("nobody has read the stream yet")))
	}
	return all
}

func (g *Gateway) examineCluster(ctx context.Context, in *httpapi.Installation) {
	if g.cluster == nil {
		in.Failures = append(in.Failures, httpapi.NewFailure(errcode.ClusterAccess, g.clusterErr))
		return
	}
	version, err := g.cluster.Version(ctx)
	if err != nil {
		in.Failures = append(in.Failures, httpapi.NewFailure(errcode.Kubernetes, err))
		return
	}
	in.Kubernetes = &httpapi.KubernetesState{Version: version}
	if !g.cfg.Process.LeaderElect {
		return
	}
	l, err := leader.Read(ctx, g.cluster.Client, app.SystemNamespace(g.cfg.Process, g.cfg.Workers.Namespace), app.LeaseName(g.cfg))
	if err != nil {
		in.Failures = append(in.Failures, httpapi.NewFailure(errcode.LeaseUnavailable, err))
		return
	}
	in.Leader = &httpapi.LeaderState{Holder: l.Holder, MaxWorkers: l.MaxWorkers}
	if l.Holder == "" {
		in.Failures = append(in.Failures, httpapi.NewFailure(errcode.LeaseUnavailable, errors.New("no leader holds the Lease")))
	}
}
