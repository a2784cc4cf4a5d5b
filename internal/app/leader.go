package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ottoscaler/ottoscaler/internal/k8s/leader"
)

// lead runs terms until ctx ends: because the process is to stop, then work in flight has the grace period; or because the
// Lease is lost, then everything ends at once.
func (a *App) lead(ctx context.Context) {
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	a.leading.Store(true)
	defer a.leading.Store(false)
	defer a.onLeaseLost(func() { cancel(leader.ErrLost) })()
	defer context.AfterFunc(ctx, func() {
		if errors.Is(context.Cause(ctx), leader.ErrLost) {
			return
		}
		a.log.Info("stopping: finishing work in flight", "grace", gracePeriod.String())
		time.AfterFunc(gracePeriod, func() { cancel(errors.New("the grace period is over")) })
	})()
	defer a.startRecorder(work)()
	a.runTerms(ctx, work)
}

// startRecorder writes Kubernetes Events until stop is called.
func (a *App) startRecorder(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var recording sync.WaitGroup
	recording.Go(func() { _ = a.recorder.Run(ctx) }) // its error is ctx's
	return func() {
		cancel()
		recording.Wait()
	}
}

// onLeaseLost calls f when the Lease held now is lost, until stop is called.
func (a *App) onLeaseLost(f func()) (stop func()) {
	if a.lease == nil {
		return func() {}
	}
	lost, done := a.lease.Lost(), make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-lost:
			f()
		case <-done:
		}
	})
	return func() {
		close(done)
		watching.Wait()
	}
}
