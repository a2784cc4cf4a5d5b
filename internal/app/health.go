package app

import (
	"context"

	"github.com/ottoscaler/ottoscaler/internal/health"
	"github.com/ottoscaler/ottoscaler/internal/metrics"
	"github.com/ottoscaler/ottoscaler/internal/redis/inspect"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// checks are those of /readyz. A standby is ready: it could take over.
func (a *App) checks() []health.Check {
	return []health.Check{
		{Name: "redis", Run: a.redis.Ping},
		{Name: "kubernetes", Run: a.cluster.Ping},
		{Name: "watch", Run: a.checkWatch},
		{Name: "owner", Run: a.checkOwner},
	}
}

// checkWatch passes on a standby: only a leader watches Pods.
func (a *App) checkWatch(context.Context) error {
	if !a.leading.Load() {
		return nil
	}
	return a.cluster.Watching()
}

// checkOwner fails while another installation owns the stream. A watch that runs proves that a later term has started, so the
// stream is ours by now.
func (a *App) checkOwner(context.Context) error {
	if owned := a.owned.Load(); owned != nil && a.cluster.Watching() != nil {
		return owned
	}
	return nil
}

// snapshot is that of the current term; not ok: none runs here.
func (a *App) snapshot(ctx context.Context) (snap worker.Snapshot, ok bool) {
	m := a.manager.Load()
	if m == nil {
		return worker.Snapshot{}, false
	}
	return m.Snapshot(ctx)
}

// streamStats are those of the source stream, on a leader and on a standby.
func (a *App) streamStats(ctx context.Context) (metrics.Stream, error) {
	s, err := inspect.ReadStats(ctx, a.redis, a.cfg.Redis.Stream, a.cfg.Redis.ConsumerGroup)
	stream := metrics.Stream{Length: s.Length, Pending: s.Pending, Lag: s.Lag, Dead: s.Dead}
	if !s.Oldest.IsZero() {
		stream.Oldest = s.Oldest.Time()
	}
	return stream, err
}
