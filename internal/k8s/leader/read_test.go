package leader

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"

	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
)

// TestLeader: what a holder writes on its Lease is read back, and a Lease that was released or has expired names no leader.
func TestLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(leaseServer)
		a := newContender(t, s, "a")
		a.MaxWorkers = 7
		a.start(t)
		after(time.Minute)
		read := func(later time.Duration) Leader {
			lease, err := s.get()
			if err != nil {
				t.Fatal(err)
			}
			return leader(lease, time.Now().Add(later))
		}
		if got, want := read(0), (Leader{"a", 7}); got != want {
			t.Errorf("while it leads: %+v, want %+v", got, want)
		}
		if got := read(time.Minute); got.Holder != "" {
			t.Errorf("a minute without a renewal: %+v", got)
		}
		a.end(t)
		if got, want := read(0), (Leader{"", 7}); got != want {
			t.Errorf("released: %+v, want %+v", got, want)
		}
	})
}

func TestRead(t *testing.T) {
	access := k8stest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/apis/coordination.k8s.io/v1/namespaces/system/leases/ottoscaler" {
			k8stest.Answer(w, 404, k8stest.Status(404, metav1.StatusReasonNotFound, "leases not found"))
			return
		}
		k8stest.Answer(w, 200, &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{annotationMaxWorkers: "-3"}},
			Spec: coordinationv1.LeaseSpec{
				HolderIdentity: new("a\x1b[2J"), RenewTime: new(metav1.NowMicro()), LeaseDurationSeconds: new(int32(15)),
			},
		})
	})
	c, err := k8s.NewTransport(access, k8s.Options{
		Codecs: serializer.NewCodecFactory(newScheme()), GroupVersion: coordinationv1.SchemeGroupVersion, Logger: slog.New(slog.DiscardHandler),
	}).NewClient()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(t.Context(), c, "system", "ottoscaler")
	if err != nil || !strings.HasPrefix(got.Holder, "a") || strings.Contains(got.Holder, "\x1b") || got.MaxWorkers != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := Read(t.Context(), c, "system", "other"); err == nil || !strings.Contains(err.Error(), `the Lease "other" in namespace "system"`) {
		t.Errorf("got %v", err)
	}
}
