package pods

import (
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
)

// TestOfEvent: Pods of this event and this installation, whatever else the server sends.
func TestOfEvent(t *testing.T) {
	own, foreign := numbered(t, 1, "5"), numbered(t, 2, "5")
	foreign.Name = "web"
	at := time.Date(2026, 11, 22, 10, 0, 1, 0, time.UTC)
	own.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(at)}}
	access := k8stest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		id := testSpec().Event.EventID.String()
		if got, want := r.URL.Query().Get("labelSelector"), "managed-by=ottoscaler,ottoscaler.io/event-id="+id+",ottoscaler.io/instance=ottoscaler"; got != want {
			t.Errorf("asked for %q, want %q", got, want)
		}
		k8stest.Answer(w, 200, &corev1.PodList{
			TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"}, Items: []corev1.Pod{*own, *foreign},
		})
	})
	got, err := clientOf(t, access, testOptions(t)).OfEvent(t.Context(), testSpec().Event.EventID)
	if err != nil || len(got) != 1 || got[0].Ref.Name != own.Name || !got[0].Scheduled.Equal(at) {
		t.Errorf("got %+v, %v", got, err)
	}
}
