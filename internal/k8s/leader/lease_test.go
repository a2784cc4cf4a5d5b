package leader

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// after lets time pass and every goroutine act.
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
		if verbs := b.takeVerbs(); slices.ContainsFunc(verbs, func(v string) bool { return v != "get" }) || len(verbs) > 61 {
			t.Errorf("a standby sent %d requests: %v", len(verbs), verbs)
		}
		if n := len(a.takeVerbs()); n > 33 {
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
		a.set(func(string) link { return link{before: time.Second, after: time.Second} })
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
			t.Errorf("on a slow network: until %v after the last renewal was sent, %v", until.Sub(a.sent), ok)
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

// A lead that returns by itself lets another process have the Lease.
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
		wantLeads(t, "after a returned", b, a)
		a.end(t)
		b.end(t)
	})
}

// A holder's wrong clock, or a duration that is missing or too long, delays a takeover no longer than it must.
func TestHostileSpec(t *testing.T) {
	for name, test := range map[string]struct {
		spec coordinationv1.LeaseSpec
		want time.Duration // from the first read to the acquisition
	}{
		"renewed in the future":   {coordinationv1.LeaseSpec{RenewTime: new(metav1.NewMicroTime(time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC)))}, leaseDuration},
		"renewed long ago":        {coordinationv1.LeaseSpec{RenewTime: new(metav1.NewMicroTime(time.Unix(0, 0)))}, leaseDuration},
		"no length":               {coordinationv1.LeaseSpec{}, leaseDuration},
		"negative length":         {coordinationv1.LeaseSpec{LeaseDurationSeconds: new(int32(-1))}, leaseDuration},
		"longer than the default": {coordinationv1.LeaseSpec{LeaseDurationSeconds: new(int32(60))}, time.Minute},
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
