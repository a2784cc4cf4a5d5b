package k8s

import (
	"context"
	"errors"
	"strconv"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// rival is the hold of somebody else. How long it lasts counts from when we saw it change, never from what its holder's
// clock says.
type rival struct {
	spec  coordinationv1.LeaseSpec
	until time.Time
}

func (r *rival) see(spec *coordinationv1.LeaseSpec, now time.Time, atLeast time.Duration) (news bool) {
	if equality.Semantic.DeepEqual(r.spec, *spec) {
		return false
	}
	news = holder(&r.spec) != holder(spec)
	r.spec, r.until = *spec.DeepCopy(), now.Add(atLeast)
	if s := spec.LeaseDurationSeconds; s != nil {
		r.until = now.Add(max(atLeast, time.Duration(*s)*time.Second))
	}
	return news
}

func (r *rival) holds(now time.Time) bool { return holder(&r.spec) != "" && now.Before(r.until) }

func holder(spec *coordinationv1.LeaseSpec) string {
	if spec.HolderIdentity == nil {
		return ""
	}
	return *spec.HolderIdentity
}

// acquire waits until we hold the Lease, looking once in a retry period; an error is ctx's.
func (l *Lease) acquire(ctx context.Context) error {
	for ctx.Err() == nil {
		if l.try(ctx) {
			return nil
		}
		pause(ctx, l.RetryPeriod)
	}
	return ctx.Err()
}

func (l *Lease) try(ctx context.Context) bool {
	seen, err := l.read(ctx)
	if err == nil && !l.free(seen, time.Now()) {
		l.wellAgain()
		return false
	}
	if err == nil {
		// Seen through although ctx may end meanwhile: a Lease that we do not know to be ours would not be released.
		err = l.take(context.WithoutCancel(ctx), seen)
	}
	if err != nil {
		l.trouble(ctx, err)
		return false
	}
	l.wellAgain()
	return time.Now().Before(l.end()) // else we slept while the answer was on its way
}

// free reports whether the Lease may be taken now; nil means that there is none.
func (l *Lease) free(seen *coordinationv1.Lease, now time.Time) bool {
	first := !l.looked
	l.looked = true
	if seen == nil {
		return !l.rival.holds(now) // somebody deleted it: its holder may not know yet
	}
	if first && holder(&seen.Spec) == l.Identity {
		l.adopted = mark(&seen.Spec) // of a container that was restarted in its Pod
	}
	if l.ours(seen) {
		return true
	}
	if l.rival.see(&seen.Spec, now, l.Duration) && l.rival.holds(now) {
		l.Logger.Info("standing by", "lease", l.Name, "holder", line(holder(&seen.Spec), maxName))
	}
	return !l.rival.holds(now)
}

// ours goes by the mark and not by the name alone: two processes may have one name (a Pod of a StatefulSet that was
// deleted by force from a lost node), and must not both take the Lease for theirs.
func (l *Lease) ours(seen *coordinationv1.Lease) bool {
	at := mark(&seen.Spec)
	return holder(&seen.Spec) == l.Identity && !at.IsZero() && (at.Equal(l.acquired) || at.Equal(l.adopted))
}

// mark is the time of the acquisition, which stays the same with every renewal.
func mark(spec *coordinationv1.LeaseSpec) time.Time {
	if spec.AcquireTime == nil {
		return time.Time{}
	}
	return spec.AcquireTime.Time
}

func (l *Lease) take(ctx context.Context, seen *coordinationv1.Lease) error {
	next := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: l.Namespace, Name: l.Name}}
	if seen != nil {
		next = seen.DeepCopy()
	}
	if seen == nil || !l.ours(seen) || !mark(&seen.Spec).Equal(l.acquired) {
		l.acquired = time.Now().Truncate(time.Microsecond)
	}
	if seen != nil && holder(&seen.Spec) != l.Identity {
		transitions := int32(1)
		if n := seen.Spec.LeaseTransitions; n != nil {
			transitions += *n
		}
		next.Spec.LeaseTransitions = &transitions
	}
	next.Spec.HolderIdentity, next.Spec.AcquireTime = &l.Identity, new(metav1.NewMicroTime(l.acquired))
	next.Spec.LeaseDurationSeconds = new(int32(seconds(l.Duration))) //nolint:gosec // NewLease bounds it
	next.Annotations = over(next.Annotations, map[string]string{noteMaxWorkers: strconv.Itoa(l.MaxWorkers)})
	sent, err := l.put(ctx, next)
	if err != nil {
		return err
	}
	l.adopted = time.Time{}
	l.begin()
	l.extend(sent.Add(l.RenewDeadline))
	return nil
}

// keep renews the hold until done, or until it ends: then it is false, and not a moment later.
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
			l.Logger.Warn("leadership is lost", "lease", l.Name, "error", err)
			return false
		}
		next = l.RenewDeadline / renewals
		if err != nil {
			l.trouble(ctx, err)
			next = l.RetryPeriod
			continue
		}
		l.wellAgain()
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
		l.Logger.Warn("the Lease was not released: a standby waits until it has expired", "lease", l.Name, "error", words(err))
		return
	}
	l.Logger.Info("leadership is released", "lease", l.Name)
}

// rewrite changes the Lease we hold. It may have another version and still be ours: somebody touched its labels, or the
// answer to our last write got lost.
func (l *Lease) rewrite(ctx context.Context, until time.Time, change func(*coordinationv1.LeaseSpec)) (sent time.Time, err error) {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	next := l.held.DeepCopy()
	change(&next.Spec)
	if sent, err = l.put(ctx, next); !apierrors.IsConflict(err) && !isGone(err) {
		return sent, err
	}
	seen, err := l.read(ctx)
	switch {
	case err != nil:
		return sent, err
	case seen == nil, seen.UID != l.held.UID, !l.ours(seen):
		return sent, errTaken
	}
	next = seen.DeepCopy()
	change(&next.Spec)
	return l.put(ctx, next)
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
	if isGone(err) {
		return nil, nil
	}
	return seen, err
}

// trouble is said once, whatever keeps failing until all is well again.
func (l *Lease) trouble(ctx context.Context, err error) {
	if ctx.Err() == nil && !l.troubled {
		l.troubled = true
		l.Logger.Warn("the Lease cannot be read or written, trying again", "lease", l.Name, "error", words(err))
	}
}

func (l *Lease) wellAgain() {
	if l.troubled {
		l.troubled = false
		l.Logger.Info("the Lease is read and written again", "lease", l.Name)
	}
}
