package k8s

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// after lets the time pass and everybody act.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func wantLeads(t *testing.T, when string, yes *contender, no ...*contender) {
	t.Helper()
	if yes != nil && !yes.leads() {
		t.Errorf("%s: %s does not lead", when, yes.Identity)
	}
	for _, c := range no {
		if c.leads() {
			t.Errorf("%s: %s leads", when, c.Identity)
		}
	}
}

func TestFirstLeadsAndTheOtherStandsBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(leaseServer)
		a, b := newContender(t, s, "a"), newContender(t, s, "b")
		if _, ok := a.Until(); ok || a.UID() != "" {
			t.Error("leads before it was started")
		}
		a.start(t)
		after(500 * time.Millisecond)
		b.start(t)
		after(time.Minute)
		wantLeads(t, "a minute later", a, b)
		if a.UID() != "lease-1" || s.holder() != "a" || len(a.leading) != 1 || len(b.leading) != 0 {
			t.Errorf("UID %q, holder %q, %d and %d leads", a.UID(), s.holder(), len(a.leading), len(b.leading))
		}
		if verbs := b.took(); slices.ContainsFunc(verbs, func(v string) bool { return v != "get" }) || len(verbs) > 61 {
			t.Errorf("a standby sent %d requests: %v", len(verbs), verbs)
		}
		if n := len(a.took()); n > 33 {
			t.Errorf("a minute of leading took %d requests", n)
		}
		a.end(t)
		b.end(t)
	})
}

// The right to write counts from before the renewal was sent.
func TestUntilCountsFromTheSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newContender(t, new(leaseServer), "a")
		a.set(func(string) way { return way{before: time.Second, after: time.Second} })
		began := time.Now()
		a.start(t)
		after(2500 * time.Millisecond)
		wantLeads(t, "while the answer is on its way", nil, a)
		after(1500 * time.Millisecond) // GET and POST, two seconds each
		if until, ok := a.Until(); !ok || until.Sub(began) != 2*time.Second+renewDeadline {
			t.Errorf("until %v after the start, %v; want the POST's sending and the renew deadline", until.Sub(began), ok)
		}
		after(time.Minute)
		if until, ok := a.Until(); !ok || until.Sub(a.sent) != renewDeadline {
			t.Errorf("on a slow line: until %v after the last renewal was sent, %v", until.Sub(a.sent), ok)
		}
		a.end(t)
	})
}

func TestReleasedLeaseIsTakenWithinTheRetryPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(leaseServer)
		a, b := newContender(t, s, "a"), newContender(t, s, "b")
		a.start(t)
		after(300 * time.Millisecond)
		b.start(t)
		after(5 * time.Second)
		a.end(t)
		wantLeads(t, "after its end", nil, a)
		after(retryPeriod)
		wantLeads(t, "a retry period later", b, a)
		if b.UID() != a.UID() {
			t.Errorf("the UID changed from %q to %q", a.UID(), b.UID())
		}
		b.end(t)
		if s.holder() != "" {
			t.Errorf("%q holds it at the end", s.holder())
		}
	})
}

// A lead may take longer to stop than the Lease lasts: it is renewed meanwhile, and released only then.
func TestStopIsGraceful(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(leaseServer)
		a, b := newContender(t, s, "a"), newContender(t, s, "b")
		a.leave = make(chan struct{})
		a.start(t)
		after(time.Second)
		b.start(t)
		a.stop()
		synctest.Wait()
		if ctx := <-a.leading; !errors.Is(context.Cause(ctx), context.Canceled) {
			t.Errorf("lead was told %v", context.Cause(ctx))
		}
		after(time.Minute)
		wantLeads(t, "while lead stops", a, b)
		close(a.leave)
		synctest.Wait()
		wantLeads(t, "when lead has returned", nil, a)
		after(retryPeriod)
		wantLeads(t, "a retry period later", b, a)
		a.end(t)
		b.end(t)
	})
}

// A holder that cannot renew stops in time, and only then another takes over. Its lead is told why.
func TestHolderThatCannotRenewStopsInTime(t *testing.T) {
	hang := func(string) way { return way{before: time.Hour} }
	fail := func(string) way { return way{err: errors.New("connection refused")} }
	denied := func(string) way { return way{err: statusError(403, metav1.StatusReasonForbidden)} }
	for name, broken := range map[string]func(string) way{"frozen": hang, "refused": fail, "not allowed": denied} {
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
				after(time.Until(a.end0()) - renewDeadline + 100*time.Millisecond) // just after a renewal
				ctx, until := <-a.leading, a.end0()
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
				wantLeads(t, "a minute after all is well", b, a)
				a.end(t)
				b.end(t)
				after(2 * time.Hour) // what hangs comes to its end
			})
		})
	}
}

func (c *contender) end0() time.Time {
	until, _ := c.Until()
	return until
}

// After a loss nothing begins anew before the old lead has returned, and the Lease is not released under it.
func TestSlowLeadAfterALoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(leaseServer)
		a := newContender(t, s, "a")
		a.leave = make(chan struct{})
		a.start(t)
		after(time.Second)
		a.set(func(string) way { return way{err: errors.New("down")} })
		after(time.Minute)
		a.set(nil)
		after(time.Minute)
		if len(a.leading) != 1 || a.leads() || s.holder() != "a" {
			t.Errorf("%d leads, leads %v, holder %q", len(a.leading), a.leads(), s.holder())
		}
		close(a.leave)
		synctest.Wait()
		after(retryPeriod)
		if len(a.leading) != 2 || !a.leads() {
			t.Errorf("%d leads after the old one returned, leads %v", len(a.leading), a.leads())
		}
		a.end(t)
	})
}

// A lead that is stopping learns of the loss although its context has ended long before.
func TestLostWhileStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newContender(t, new(leaseServer), "a")
		a.leave = make(chan struct{})
		a.start(t)
		after(time.Second)
		lost := a.Lost()
		a.stop()
		a.set(func(string) way { return way{err: errors.New("down")} })
		after(8 * time.Second)
		select {
		case <-lost:
			t.Error("lost before its time")
		default:
		}
		after(2 * time.Second)
		select {
		case <-lost:
		default:
			t.Error("not told of the loss")
		}
		close(a.leave)
		a.end(t)
	})
}

func TestSameIdentityGoesOnAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(leaseServer)
		old := newContender(t, s, "pod-1")
		old.start(t)
		after(5 * time.Second)
		old.crash()
		again := newContender(t, s, "pod-1")
		again.start(t)
		synctest.Wait()
		wantLeads(t, "at once", again)
		l, err := s.get()
		if err != nil || l.Spec.LeaseTransitions != nil {
			t.Errorf("counted as another holder: %v, %v", l.Spec.LeaseTransitions, err)
		}
		if err := <-old.done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
		again.end(t)
	})
}

// Two processes of one name that both live: the younger has the Lease, the older notices at its next renewal and takes
// nothing back.
func TestTwoOfOneName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(leaseServer)
		older, younger := newContender(t, s, "pod-1"), newContender(t, s, "pod-1")
		older.start(t)
		after(time.Second)
		younger.start(t)
		after(renewDeadline / renewals)
		wantLeads(t, "after the older one's next renewal", younger, older)
		after(5 * time.Minute)
		wantLeads(t, "much later", younger, older)
		if len(older.leading) != 1 || len(younger.leading) != 1 {
			t.Errorf("%d and %d leads", len(older.leading), len(younger.leading))
		}
		older.end(t)
		wantLeads(t, "after the older one's end", younger)
		younger.end(t)
	})
}

// Somebody edits the Lease's labels, or the answer to a renewal gets lost: the version is another, the Lease is ours.
func TestForeignVersionOfOurLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(leaseServer)
		a := newContender(t, s, "a")
		a.start(t)
		after(time.Second)
		s.change(func(l *coordinationv1.Lease) { l.Labels = map[string]string{"seen": "yes"} })
		after(5 * time.Second)
		losing := true
		a.set(func(verb string) way {
			lost := losing && verb == "update"
			losing = losing && !lost
			return way{lost: lost}
		})
		after(time.Minute)
		wantLeads(t, "later", a)
		if l, err := s.get(); err != nil || len(a.leading) != 1 || l.Labels["seen"] != "yes" || losing {
			t.Errorf("%v: %d leads, labels %v", err, len(a.leading), l.Labels)
		}
		a.end(t)
		if s.holder() != "" {
			t.Errorf("%q holds it at the end", s.holder())
		}
	})
}

// The answer to what took the Lease gets lost: the next look shows that it is ours.
func TestLostAnswerToTheTaking(t *testing.T) {
	for name, existing := range map[string]bool{"created": false, "updated": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := new(leaseServer)
				if existing {
					if _, err := s.put(&coordinationv1.Lease{}); err != nil {
						t.Fatal(err)
					}
				}
				a := newContender(t, s, "a")
				first := true
				a.set(func(verb string) way {
					lost := first && verb != "get"
					first = first && !lost
					return way{lost: lost}
				})
				a.start(t)
				after(retryPeriod)
				wantLeads(t, "at the second look", a)
				a.end(t)
			})
		})
	}
}

// Stopped while the taking is under way: what was taken is released.
func TestStoppedWhileTaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(leaseServer)
		a := newContender(t, s, "a")
		a.set(func(string) way { return way{before: time.Second, after: time.Second} })
		a.start(t)
		after(2500 * time.Millisecond)
		a.end(t)
		if l, err := s.get(); err != nil || holder(&l.Spec) != "" {
			t.Errorf("left behind: %v, %v", l, err)
		}
	})
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
		s.remove() // b looks before a renews
		after(renewDeadline/renewals - 100*time.Millisecond)
		wantLeads(t, "after the deletion", a, b) // b saw a hold that has not expired
		after(100 * time.Millisecond)
		if !errors.Is(context.Cause(ctx), ErrLost) {
			t.Errorf("the holder does not know: %v", context.Cause(ctx))
		}
		after(time.Minute)
		if a.leads() == b.leads() || max(a.UID(), b.UID()) != "lease-2" {
			t.Errorf("a leads %v with %q, b leads %v with %q", a.leads(), a.UID(), b.leads(), b.UID())
		}
		a.end(t)
		b.end(t)
	})
}

// A Lease that was deleted and put back as it was is another one: the owner in Redis goes by its UID.
func TestRestoredLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(leaseServer)
		a := newContender(t, s, "a")
		a.start(t)
		after(time.Second)
		s.change(func(l *coordinationv1.Lease) { l.UID = "another" })
		after(renewDeadline / renewals)
		if ctx := <-a.leading; !errors.Is(context.Cause(ctx), ErrLost) {
			t.Errorf("goes on as if nothing had happened: %v", context.Cause(ctx))
		}
		a.end(t)
	})
}

// A process that slept through the end of its hold has no right to write when it wakes, whatever the answer says that
// was waiting for it.
func TestSleeper(t *testing.T) {
	for name, asleep := range map[string]string{"while taking": "create", "while renewing": "update"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := new(leaseServer)
				a := newContender(t, s, "a")
				once := true
				a.set(func(verb string) way {
					if !once || verb != asleep {
						return way{}
					}
					once = false
					return way{sleeps: 20 * time.Second}
				})
				a.start(t)
				after(25 * time.Second)
				wantLeads(t, "awake again", a)
				for ; len(a.leading) > 1; <-a.leading {
				}
				if ctx := <-a.leading; once || ctx.Err() != nil || a.badStarts > 0 {
					t.Errorf("slept %v, the last lead: %v, %d began without the right to write", !once, context.Cause(ctx), a.badStarts)
				}
				a.end(t)
			})
		})
	}
}

// A lead that gives up by itself lets another have the Lease.
func TestLeadReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(leaseServer)
		a, b := newContender(t, s, "a"), newContender(t, s, "b")
		ctx, stop := context.WithCancel(t.Context())
		go func() { a.done <- a.Run(ctx, func(context.Context) {}) }()
		a.stop = stop
		after(10 * time.Millisecond)
		b.start(t)
		after(5 * time.Second)
		wantLeads(t, "after a gave up", b, a)
		a.end(t)
		b.end(t)
	})
}

// Neither a holder's wrong clock nor a hold without an end, or of no length, matters more than it must.
func TestHostileSpec(t *testing.T) {
	for name, test := range map[string]struct {
		spec coordinationv1.LeaseSpec
		want time.Duration // from the first look to the taking
	}{
		"renewed in the future": {coordinationv1.LeaseSpec{RenewTime: new(metav1.NewMicroTime(time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)))}, leaseDuration},
		"renewed long ago":      {coordinationv1.LeaseSpec{RenewTime: new(metav1.NewMicroTime(time.Unix(0, 0)))}, leaseDuration},
		"no length":             {coordinationv1.LeaseSpec{}, leaseDuration},
		"negative length":       {coordinationv1.LeaseSpec{LeaseDurationSeconds: new(int32(-1))}, leaseDuration},
		"longer than ours":      {coordinationv1.LeaseSpec{LeaseDurationSeconds: new(int32(60))}, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := new(leaseServer)
				test.spec.HolderIdentity = new("x")
				if _, err := s.put(&coordinationv1.Lease{Spec: test.spec}); err != nil {
					t.Fatal(err)
				}
				a := newContender(t, s, "a")
				a.start(t)
				after(test.want - time.Millisecond)
				wantLeads(t, "before it expires", nil, a)
				after(time.Millisecond + retryPeriod)
				wantLeads(t, "after it", a)
				a.end(t)
			})
		})
	}
}

func TestStoppedWhileStandingBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(leaseServer)
		a, b := newContender(t, s, "a"), newContender(t, s, "b")
		a.start(t)
		after(time.Second)
		b.start(t)
		after(time.Second)
		b.end(t)
		if len(b.leading) != 0 || s.holder() != "a" {
			t.Errorf("%d leads, holder %q", len(b.leading), s.holder())
		}
		a.end(t)
	})
}
