package k8s

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestLeader: what a holder says on its Lease is read back, and nobody leads by a Lease that was released or ran out.
func TestLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(leaseServer)
		a := newContender(t, s, "a")
		a.MaxWorkers = 7
		a.start(t)
		after(time.Minute)
		seen := func(later time.Duration) Leader {
			lease, err := s.get()
			if err != nil {
				t.Fatal(err)
			}
			return leader(lease, time.Now().Add(later))
		}
		if got, want := seen(0), (Leader{"a", 7}); got != want {
			t.Errorf("while it leads: %+v, want %+v", got, want)
		}
		if got := seen(time.Minute); got.Holder != "" {
			t.Errorf("a minute without a renewal: %+v", got)
		}
		a.end(t)
		if got, want := seen(0), (Leader{"", 7}); got != want {
			t.Errorf("released: %+v, want %+v", got, want)
		}
	})
}

func TestLeaderIsAsked(t *testing.T) {
	c := newTestClient(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/apis/coordination.k8s.io/v1/namespaces/system/leases/ottoscaler" {
			answer(w, 404, status(404, metav1.StatusReasonNotFound, "leases not found"))
			return
		}
		answer(w, 200, &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{noteMaxWorkers: "-3"}},
			Spec: coordinationv1.LeaseSpec{
				HolderIdentity: new("a\x1b[2J"), RenewTime: new(metav1.NowMicro()), LeaseDurationSeconds: new(int32(15)),
			},
		})
	})
	if got, err := c.Leader(t.Context(), "system", "ottoscaler"); err != nil || !strings.HasPrefix(got.Holder, "a") || strings.Contains(got.Holder, "\x1b") || got.MaxWorkers != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := c.Leader(t.Context(), "system", "other"); err == nil || !strings.Contains(err.Error(), `the Lease "other" in namespace "system"`) {
		t.Errorf("got %v", err)
	}
}
