package leader

import (
	"context"
	"strconv"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/retry"
	"github.com/ottoscaler/ottoscaler/internal/text"
)

const (
	annotationMaxWorkers = k8s.LabelPrefix + "max-workers" // on the Lease: its holder's setting

	maxIdentity = 253 // bytes of an identity in a log line
)

// acquire waits until this process holds the Lease, reading it once in a retry period; an error is ctx's.
func (l *Lease) acquire(ctx context.Context) error {
	for ctx.Err() == nil {
		if l.tryAcquire(ctx) {
			return nil
		}
		retry.Sleep(ctx, l.RetryPeriod)
	}
	return ctx.Err()
}

func (l *Lease) tryAcquire(ctx context.Context) bool {
	seen, err := l.read(ctx)
	if err == nil && !l.isFree(seen, time.Now()) {
		l.logRecovered()
		return false
	}
	if err == nil {
		// Completed even if ctx ends meanwhile: a Lease that is not known to be held would not be released.
		err = l.take(context.WithoutCancel(ctx), seen)
	}
	if err != nil {
		l.logUnavailable(ctx, err)
		return false
	}
	l.logRecovered()
	return time.Now().Before(l.end()) // else the process was suspended while the answer was on its way
}

// isFree reports whether the Lease may be taken now; nil means that there is none.
func (l *Lease) isFree(seen *coordinationv1.Lease, now time.Time) bool {
	first := !l.wasRead
	l.wasRead = true
	if seen == nil {
		return !l.other.valid(now) // it was deleted: its holder may not know yet
	}
	if first && leaseHolder(&seen.Spec) == l.Identity {
		l.inherited = acquireTime(&seen.Spec) // of a container that was restarted in its Pod
	}
	if l.isOwn(seen) {
		return true
	}
	if l.other.update(&seen.Spec, now, l.Duration) && l.other.valid(now) {
		l.Logger.Info("standing by", "lease", l.Name, "holder", text.Line(leaseHolder(&seen.Spec), maxIdentity))
	}
	return !l.other.valid(now)
}

// isOwn goes by the acquire time and not by the identity alone: two processes may have one identity (a Pod of a StatefulSet
// that was deleted by force from a lost node), and must not both take the Lease for their own.
func (l *Lease) isOwn(seen *coordinationv1.Lease) bool {
	at := acquireTime(&seen.Spec)
	return leaseHolder(&seen.Spec) == l.Identity && !at.IsZero() && (at.Equal(l.acquired) || at.Equal(l.inherited))
}

func (l *Lease) take(ctx context.Context, seen *coordinationv1.Lease) error {
	if seen == nil || !l.isOwn(seen) || !acquireTime(&seen.Spec).Equal(l.acquired) {
		l.acquired = time.Now().Truncate(time.Microsecond)
	}
	sent, err := l.put(ctx, l.taken(seen))
	if err != nil {
		return err
	}
	l.inherited = time.Time{}
	l.begin()
	l.extend(sent.Add(l.RenewDeadline))
	return nil
}

// taken is the Lease as this process writes it when it takes it.
func (l *Lease) taken(seen *coordinationv1.Lease) *coordinationv1.Lease {
	next := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: l.Namespace, Name: l.Name}}
	if seen != nil {
		next = seen.DeepCopy()
	}
	if seen != nil && leaseHolder(&seen.Spec) != l.Identity {
		transitions := int32(1)
		if n := seen.Spec.LeaseTransitions; n != nil {
			transitions += *n
		}
		next.Spec.LeaseTransitions = &transitions
	}
	next.Spec.HolderIdentity, next.Spec.AcquireTime = &l.Identity, new(metav1.NewMicroTime(l.acquired))
	next.Spec.LeaseDurationSeconds = new(int32(k8s.Seconds(l.Duration))) //nolint:gosec // New bounds it
	metav1.SetMetaDataAnnotation(&next.ObjectMeta, annotationMaxWorkers, strconv.Itoa(l.MaxWorkers))
	return next
}

// put returns the moment before the request was sent: the hold counts from there.
func (l *Lease) put(ctx context.Context, next *coordinationv1.Lease) (sent time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.RenewDeadline/tries)
	defer cancel()
	sent = time.Now()
	next.Spec.RenewTime = new(metav1.NewMicroTime(sent))
	saved, err := l.store.put(ctx, next)
	if err == nil {
		l.held = saved
	}
	return sent, err
}

// read returns nil when there is no such Lease.
func (l *Lease) read(ctx context.Context) (*coordinationv1.Lease, error) {
	ctx, cancel := context.WithTimeout(ctx, l.RenewDeadline/tries)
	defer cancel()
	seen, err := l.store.get(ctx)
	if k8s.IsNotFound(err) {
		return nil, nil
	}
	return seen, err
}

// logUnavailable logs once, whatever keeps failing until a request succeeds.
func (l *Lease) logUnavailable(ctx context.Context, err error) {
	if ctx.Err() == nil && !l.unavailable {
		l.unavailable = true
		errcode.Warn(l.Logger, errcode.LeaseUnavailable, "lease", l.Name, "error", k8s.ServerMessage(err))
	}
}

func (l *Lease) logRecovered() {
	if l.unavailable {
		l.unavailable = false
		l.Logger.Info("Lease available again", "lease", l.Name)
	}
}
