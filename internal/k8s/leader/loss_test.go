package leader

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A holder that cannot renew stops in time, and only then another process takes over. Its lead is told why.
func TestHolderThatCannotRenewStopsInTime(t *testing.T) {
	hang := func(string) link { return link{before: time.Hour} }
	fail := func(string) link { return link{err: errors.New("connection refused")} }
	denied := func(string) link { return link{err: statusError(403, metav1.StatusReasonForbidden)} }
	for name, broken := range map[string]func(string) link{"frozen": hang, "refused": fail, "not allowed": denied} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := new(leaseServer)
				a, b := newContender(t, s, "a"), newContender(t, s, "b")
				a.start(t)
				b.start(t)
				after(5 * time.Second)
				if b.leads() {
					a, b = b, a
				}
				after(time.Until(a.endOfHold()) - renewDeadline + 100*time.Millisecond) // just after a renewal
				ctx, until := <-a.leading, a.endOfHold()
				a.set(broken)
				after(time.Until(until) - time.Millisecond)
				if !a.leads() || ctx.Err() != nil {
					t.Errorf("gave up before its time: %v", context.Cause(ctx))
				}
				after(time.Millisecond)
				wantLeads(t, "at the end of its hold", nil, a, b)
				if !errors.Is(context.Cause(ctx), ErrLost) {
					t.Errorf("lead was told %v", context.Cause(ctx))
				}
				after(leaseDuration - renewDeadline - 200*time.Millisecond)
				wantLeads(t, "before the Lease expires", nil, a, b)
				after(200*time.Millisecond + 2*retryPeriod)
				wantLeads(t, "after it", b, a)
				a.set(nil)
				after(time.Minute)
				wantLeads(t, "a minute after the recovery", b, a)
				a.end(t)
				b.end(t)
				after(2 * time.Hour) // let what hangs end
			})
		})
	}
}

func (c *contender) endOfHold() time.Time {
	until, _ := c.Until()
	return until
}

func TestDeletedLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(leaseServer)
		a, b := newContender(t, s, "a"), newContender(t, s, "b")
		a.start(t)
		after(100 * time.Millisecond)
		b.start(t)
		after(4100 * time.Millisecond)
		ctx := <-a.leading
		s.remove() // b reads before a renews
		after(renewDeadline/renewals - 100*time.Millisecond)
		wantLeads(t, "after the deletion", a, b) // the hold that b saw has not expired
		after(100 * time.Millisecond)
		if !errors.Is(context.Cause(ctx), ErrLost) {
			t.Errorf("the holder was not told: %v", context.Cause(ctx))
		}
		after(time.Minute)
		if a.leads() == b.leads() || max(a.UID(), b.UID()) != "lease-2" {
			t.Errorf("a leads %v with %q, b leads %v with %q", a.leads(), a.UID(), b.leads(), b.UID())
		}
		a.end(t)
		b.end(t)
	})
}

// A Lease that was deleted and restored is another one: the owner in Redis goes by its UID.
func TestRestoredLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(leaseServer)
		a := newContender(t, s, "a")
		a.start(t)
		after(time.Second)
		s.change(func(l *coordinationv1.Lease) { l.UID = "another" })
		after(renewDeadline / renewals)
		if ctx := <-a.leading; !errors.Is(context.Cause(ctx), ErrLost) {
			t.Errorf("did not notice: %v", context.Cause(ctx))
		}
		a.end(t)
	})
}

// A process that was suspended until after the end of its hold has no right to write when it resumes, whatever answer was
// waiting for it.
func TestSuspended(t *testing.T) {
	for name, during := range map[string]string{"while taking": "create", "while renewing": "update"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := new(leaseServer)
				a := newContender(t, s, "a")
				once := true
				a.set(func(verb string) link {
					if !once || verb != during {
						return link{}
					}
					once = false
					return link{suspended: 20 * time.Second}
				})
				a.start(t)
				after(25 * time.Second)
				wantLeads(t, "resumed", a)
				for ; len(a.leading) > 1; <-a.leading {
				}
				if ctx := <-a.leading; once || ctx.Err() != nil || a.badStarts > 0 {
					t.Errorf("suspended %v, the last lead: %v, %d began without the right to write", !once, context.Cause(ctx), a.badStarts)
				}
				a.end(t)
			})
		})
	}
}
