package cli

import (
	"context"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/ottoscaler/ottoscaler/internal/server"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// serveProfiles does what the flag asks for; the root command has no such flag. Without it the sampling of allocations ends,
// which the runtime begins in every program that can be asked for them.
func (p *process) serveProfiles(c *cobra.Command) error {
	addr, err := c.Flags().GetString(flagPprof)
	if err != nil || addr == "" {
		runtime.MemProfileRate = 0
		return nil //nolint:nilerr // no flag, no profiles
	}
	profiles, err := server.NewProfiles(addr, p.log)
	if err != nil {
		return usageError{fmt.Errorf("--%s: %w", flagPprof, err)}
	}
	p.servers = append(p.servers, serving{"--" + flagPprof, profiles})
	return nil
}

// checks are what must be well before this process could act. A standby is ready: it could take over.
func (p *process) checks() []server.Check {
	return []server.Check{
		{Name: "redis", Run: p.redis.Ping},
		{Name: "kubernetes", Run: p.cluster.Ping},
		{Name: "watch", Run: p.checkWatch},
		{Name: "owner", Run: p.checkOwner},
	}
}

// checkWatch: only who leads watches.
func (p *process) checkWatch(context.Context) error {
	if !p.leading.Load() {
		return nil
	}
	return p.cluster.Watching()
}

// checkOwner: a term that watches has begun, so the stream is ours by now, whatever the one before found.
func (p *process) checkOwner(context.Context) error {
	if foreign := p.foreign.Load(); foreign != nil && p.cluster.Watching() != nil {
		return foreign
	}
	return nil
}

// snapshot is how things stand in the present term, if one runs here.
func (p *process) snapshot(ctx context.Context) (worker.Snapshot, bool) {
	m := p.manager.Load()
	if m == nil {
		return worker.Snapshot{}, false
	}
	return m.Snapshot(ctx)
}

// stream is how the source stream stands, whoever leads.
func (p *process) stream(ctx context.Context) (server.Stream, error) {
	s, err := p.redis.Stats(ctx, p.cfg.Redis.Stream, p.cfg.Redis.ConsumerGroup)
	stream := server.Stream{Length: s.Length, Pending: s.Pending, Lag: s.Lag, Dead: s.Dead}
	if !s.Oldest.IsZero() {
		stream.Oldest = s.Oldest.Time()
	}
	return stream, err
}
