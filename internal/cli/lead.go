package cli

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/config"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/redis"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// trimEvery is how often the janitor looks at the stream.
const trimEvery = time.Minute

// newLease is nil where leadership is switched off.
func newLease(access *rest.Config, cfg config.Config, version string, clock *k8s.Clock, log *slog.Logger) (*k8s.Lease, error) {
	if !cfg.Process.LeaderElect {
		return nil, nil
	}
	return k8s.NewLease(access, k8s.LeaseOptions{
		Namespace: home(cfg.Process, cfg.Workers.Namespace), Name: k8s.LeaseName(cfg.Workers.Instance, cfg.Redis.Stream),
		Identity: k8s.Identity(cfg.Process.PodName), MaxWorkers: cfg.Workers.MaxWorkers,
		Version: version, Clock: clock, Logger: log,
	})
}

// home is the namespace of what is ours and no worker: the Lease and the Events.
func home(p config.Process, workers string) string { return cmp.Or(p.PodNamespace, workers) }

// guard lets the cluster be written to only under the Lease.
func guard(l *k8s.Lease) func() (time.Time, bool) {
	if l == nil {
		return nil
	}
	return l.Until
}

// lead acts until ctx is done: the process is to stop, and what is in flight has the grace period; or the Lease is lost,
// and everything ends at once.
func (p *process) lead(ctx context.Context) {
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	p.leading.Store(true)
	defer p.leading.Store(false)
	defer p.whenLost(func() { cancel(k8s.ErrLost) })()
	defer context.AfterFunc(ctx, func() {
		if errors.Is(context.Cause(ctx), k8s.ErrLost) {
			return
		}
		p.log.Info("stopping: finishing what is in flight", "grace", gracePeriod.String())
		time.AfterFunc(gracePeriod, func() { cancel(errors.New("the grace period is over")) })
	})()
	defer p.record(work)()
	p.terms(ctx, work)
}

// record lets what needs a person be written as Events, until stop is called.
func (p *process) record(ctx context.Context) (stop func()) {
	ctx, end := context.WithCancel(ctx)
	var recording errgroup.Group
	recording.Go(func() error { return p.recorder.Run(ctx) })
	return func() {
		end()
		_ = recording.Wait() // its error is ctx's
	}
}

// whenLost calls f when the present hold of the Lease ends before its time, until stop is called.
func (p *process) whenLost(f func()) (stop func()) {
	if p.lease == nil {
		return func() {}
	}
	lost, done := p.lease.Lost(), make(chan struct{})
	go func() {
		select {
		case <-lost:
			f()
		case <-done:
		}
	}()
	return func() { close(done) }
}

// terms runs one Manager after the other. A term ends early when it cannot know what was written: the next one learns
// it from the records.
func (p *process) terms(take, work context.Context) {
	var carryover worker.Carryover
	for tries := 0; take.Err() == nil; {
		began := time.Now()
		var err error
		carryover, err = p.term(take, work, carryover)
		if take.Err() != nil {
			if err != nil {
				p.log.Warn("stopped with work in flight: the next start goes on with it", "error", err)
			}
			return
		}
		if time.Since(began) > time.Minute {
			tries = 0
		}
		pause := min(5*time.Second, 250*time.Millisecond<<min(tries, 6))
		tries++
		p.over(err, pause)
		select {
		case <-time.After(pause):
		case <-take.Done():
		}
	}
}

// over says why a term has ended.
func (p *process) over(err error, pause time.Duration) {
	owned := (*redis.OwnedError)(nil)
	foreign := errors.As(err, &owned)
	p.foreign.Store(owned)
	if foreign {
		p.emitter.Owned(err)
		p.log.Error("nothing is done: the stream belongs to another installation", "error", err)
		return
	}
	p.log.Warn("starting over from the records", "error", err, "pause", pause.String())
}

// term is one Manager's life, with the janitor beside it.
func (p *process) term(take, work context.Context, before worker.Carryover) (worker.Carryover, error) {
	r := p.cfg.Redis
	source := redis.NewSource(p.redis, redis.SourceOptions{
		Stream: r.Stream, Group: r.ConsumerGroup, Consumer: r.Consumer, Logger: p.log,
	})
	journal := redis.NewJournal(p.redis, redis.JournalOptions{
		Stream: r.Stream, Group: r.ConsumerGroup, RecordTTL: p.cfg.Workers.RecordTTL, Logger: p.log, Owner: p.owner(),
	})
	settings := p.settings
	settings.Skew = p.cluster.Skew()
	core := func() time.Time { return time.Now().Add(settings.Skew) }
	m := worker.NewManager(p.meter.Source(source), p.emitter.Journal(p.meter.Journal(journal, core)),
		p.emitter.Cluster(p.meter.Cluster(p.cluster)), settings, before, p.log)
	p.manager.Store(m)
	defer p.manager.Store(nil)
	janitor := redis.NewJanitor(journal, redis.JanitorOptions{Retention: r.Retention, Every: trimEvery})
	sweeping, end := context.WithCancel(take)
	var sweeper errgroup.Group
	sweeper.Go(func() error { return janitor.Run(sweeping) })
	err := m.Run(take, work)
	end()
	return m.Carryover(), errors.Join(err, sweeper.Wait())
}

func (p *process) owner() redis.Owner {
	o := redis.Owner{Namespace: p.cfg.Workers.Namespace, Instance: p.cfg.Workers.Instance}
	if p.lease != nil {
		o.LeaseUID = p.lease.UID()
	}
	return o
}
