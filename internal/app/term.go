package app

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/redis/control"
	"github.com/ottoscaler/ottoscaler/internal/redis/records"
	"github.com/ottoscaler/ottoscaler/internal/redis/stream"
	"github.com/ottoscaler/ottoscaler/internal/retry"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	trimInterval  = time.Minute // of the janitor
	maxTermPause  = 5 * time.Second
	healthyTermAt = time.Minute // a term that lasted as long resets the backoff
)

// runTerms runs one term after the other until take ends. A term ends early when it cannot know what was written: the next one
// starts from the records.
func (a *App) runTerms(take, work context.Context) {
	var carryover worker.Carryover
	for failures := 0; take.Err() == nil; {
		start := time.Now()
		var err error
		carryover, err = a.term(take, work, carryover)
		if take.Err() != nil {
			if err != nil {
				errcode.Warn(a.log, errcode.StoppedUnfinished, "error", err)
			}
			return
		}
		if time.Since(start) > healthyTermAt {
			failures = 0
		}
		failures++
		pause := retry.Backoff(failures, maxTermPause)
		a.termFailed(err, pause)
		retry.Sleep(take, pause)
	}
}

// termFailed logs why a term ended, and keeps whether another installation owns the stream.
func (a *App) termFailed(err error, pause time.Duration) {
	var owned *records.OwnedError
	isOwned := errors.As(err, &owned)
	a.owned.Store(owned)
	if isOwned {
		a.emitter.StreamOwned(err)
		errcode.Error(a.log, errcode.StreamOwned, "error", err)
		return
	}
	errcode.Warn(a.log, errcode.TermRestart, "error", err, "pause", pause.String())
}

// term runs one Manager, and the janitor beside it. take ends the reading of the stream, work ends everything.
func (a *App) term(take, work context.Context, before worker.Carryover) (worker.Carryover, error) {
	r := a.cfg.Redis
	source := stream.New(a.redis, stream.Options{
		Stream: r.Stream, Group: r.ConsumerGroup, Consumer: r.Consumer, Poison: &a.poison, Logger: a.log,
	})
	journal := records.New(a.redis, records.Options{
		Stream: r.Stream, Group: r.ConsumerGroup, Owner: a.owner(), Namespace: a.cfg.Workers.Namespace,
		RecordTTL: a.cfg.Workers.RecordTTL, StatusMaxLen: r.StatusMaxLen, Logger: a.log,
	})
	janitor := records.NewJanitor(journal, records.JanitorOptions{
		Retention: r.Retention, StatusRetention: r.StatusRetention, Every: trimInterval,
	})

	inEffect := a.reloader.current.Load()
	settings := a.settings(inEffect)
	serverTime := func() time.Time { return time.Now().Add(settings.Skew) }
	m := worker.NewManager(worker.Ports{
		Source: a.instrumenter.Source(source), Journal: a.emitter.Journal(a.instrumenter.Journal(journal, serverTime)),
		Cluster: a.emitter.Cluster(a.instrumenter.Cluster(a.cluster)), Controls: control.New(a.redis, r.Stream, a.log),
	}, settings, before, a.log)
	a.manager.Store(m)
	defer a.manager.Store(nil)

	trimming, stopTrimming := context.WithCancel(take)
	defer stopTrimming()
	var background errgroup.Group
	background.Go(func() error { return janitor.Run(trimming) })
	background.Go(func() error { a.followReloads(trimming, m, inEffect); return nil })
	err := m.Run(take, work)
	stopTrimming()
	return m.Carryover(), errors.Join(err, background.Wait())
}

// followReloads hands the operator's changes to a term that began with the given files, until ctx ends.
func (a *App) followReloads(ctx context.Context, m *worker.Manager, inEffect *files) {
	for {
		if f := a.reloader.current.Load(); f != inEffect {
			m.Reload(ctx, worker.Reload{
				Policy: f.policy, Rules: a.settings(f).Rules, Templates: f.templates.Changed(inEffect.templates),
			})
			inEffect = f
		}
		select {
		case <-a.reloads:
		case <-ctx.Done():
			return
		}
	}
}

// owner is what this installation writes on its stream.
func (a *App) owner() records.Owner {
	o := records.Owner{Namespace: a.cfg.Workers.Namespace, Instance: a.cfg.Workers.Instance}
	if a.lease != nil {
		o.LeaseUID = a.lease.UID()
	}
	return o
}
