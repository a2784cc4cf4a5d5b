package leader

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

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

// A lead that is stopping is told of the loss although its context has ended long before.
func TestLostWhileStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newContender(t, new(leaseServer), "a")
		a.leave = make(chan struct{})
		a.start(t)
		after(time.Second)
		lost := a.Lost()
		a.stop()
		a.set(func(string) link { return link{err: errors.New("down")} })
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

// Stopped while the Lease is being taken: it is released.
func TestStoppedWhileTaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(leaseServer)
		a := newContender(t, s, "a")
		a.set(func(string) link { return link{before: time.Second, after: time.Second} })
		a.start(t)
		after(2500 * time.Millisecond)
		a.end(t)
		if l, err := s.get(); err != nil || leaseHolder(&l.Spec) != "" {
			t.Errorf("left behind: %v, %v", l, err)
		}
	})
}

// After a loss no lead begins before the old one has returned, and the Lease is not released meanwhile.
func TestSlowLeadAfterALoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(leaseServer)
		a := newContender(t, s, "a")
		a.leave = make(chan struct{})
		a.start(t)
		after(time.Second)
		a.set(func(string) link { return link{err: errors.New("down")} })
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
