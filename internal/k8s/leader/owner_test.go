package leader

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
)

func TestSameIdentityLeadsAtOnce(t *testing.T) {
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

// Two running processes of one identity: the younger has the Lease, the older notices at its next renewal and takes nothing
// back.
func TestTwoOfOneIdentity(t *testing.T) {
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

// Somebody edits the Lease's labels, or the answer to a renewal is lost: the version is another, the holder is not.
func TestForeignVersionOfHeldLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(leaseServer)
		a := newContender(t, s, "a")
		a.start(t)
		after(time.Second)
		s.change(func(l *coordinationv1.Lease) { l.Labels = map[string]string{"seen": "yes"} })
		after(5 * time.Second)
		losing := true
		a.set(func(verb string) link {
			lost := losing && verb == "update"
			losing = losing && !lost
			return link{lost: lost}
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

// The answer to the acquisition is lost: the next read shows that it succeeded.
func TestLostAnswerToTheAcquisition(t *testing.T) {
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
				a.set(func(verb string) link {
					lost := first && verb != "get"
					first = first && !lost
					return link{lost: lost}
				})
				a.start(t)
				after(retryPeriod)
				wantLeads(t, "at the second read", a)
				a.end(t)
			})
		})
	}
}
