package leader

import (
	"context"
	"errors"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
)

// keep renews the hold until done, or until it ends: then it returns false, and at once.
func (l *Lease) keep(ctx context.Context, done <-chan struct{}) bool {
	for next := l.RenewDeadline / renewals; ; {
		timer := time.NewTimer(min(next, time.Until(l.end())))
		select {
		case <-done:
			timer.Stop()
			return true
		case <-timer.C:
		}
		err := l.renew(ctx)
		if errors.Is(err, errTaken) || !time.Now().Before(l.end()) {
			errcode.Warn(l.Logger, errcode.LeadershipLost, "lease", l.Name, "error", err)
			return false
		}
		next = l.RenewDeadline / renewals
		if err != nil {
			l.logUnavailable(ctx, err)
			next = l.RetryPeriod
			continue
		}
		l.logRecovered()
	}
}

func (l *Lease) renew(ctx context.Context) error {
	sent, err := l.rewrite(ctx, l.end(), func(*coordinationv1.LeaseSpec) {})
	if err == nil {
		l.extend(sent.Add(l.RenewDeadline))
	}
	return err
}

// release lets a standby have the Lease at once. Tried once: the process is stopping.
func (l *Lease) release(ctx context.Context) {
	_, err := l.rewrite(ctx, l.stop(), func(s *coordinationv1.LeaseSpec) {
		s.HolderIdentity, s.AcquireTime, s.LeaseDurationSeconds = nil, nil, new(int32(1))
	})
	if err != nil {
		errcode.Warn(l.Logger, errcode.LeaseNotReleased, "lease", l.Name, "error", k8s.ServerMessage(err))
		return
	}
	l.Logger.Info("leadership released", "lease", l.Name)
}

// rewrite changes the held Lease. It may have another version and still be this process's: somebody edited its labels, or the
// answer to the last write was lost.
func (l *Lease) rewrite(ctx context.Context, until time.Time, change func(*coordinationv1.LeaseSpec)) (sent time.Time, err error) {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	next := l.held.DeepCopy()
	change(&next.Spec)
	if sent, err = l.put(ctx, next); !apierrors.IsConflict(err) && !k8s.IsNotFound(err) {
		return sent, err
	}
	seen, err := l.read(ctx)
	switch {
	case err != nil:
		return sent, err
	case seen == nil, seen.UID != l.held.UID, !l.isOwn(seen):
		return sent, errTaken
	}
	next = seen.DeepCopy()
	change(&next.Spec)
	return l.put(ctx, next)
}
