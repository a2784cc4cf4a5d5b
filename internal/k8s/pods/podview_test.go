package pods

import (
	"net/http"
	"strings"
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

// TestViewWarnings: of Pods that do not start the warnings are read, of a few; what a container's status says better is left
// to it.
func TestViewWarnings(t *testing.T) {
	const pods = 20
	warning, asked := "FailedMount: no volume", 0
	access := k8stest.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/events") {
			asked++
			reason, message, _ := strings.Cut(warning, ": ")
			k8stest.Answer(w, 200, &corev1.EventList{
				TypeMeta: metav1.TypeMeta{Kind: "EventList", APIVersion: "v1"}, Items: []corev1.Event{{Reason: reason, Message: message}},
			})
			return
		}
		list := &corev1.PodList{TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"}}
		for i := range pods {
			pod := numbered(t, i+1, "5")
			pod.Spec.NodeName, pod.CreationTimestamp = "n1", metav1.NewTime(created)
			list.Items = append(list.Items, *pod)
		}
		k8stest.Answer(w, 200, list)
	})
	for text, want := range map[string]string{"FailedMount: no volume": "FailedMount: no volume", "Failed: to pull the image": ""} {
		warning, asked = text, 0
		got, err := clientOf(t, access, testOptions(t)).All(t.Context())
		if err != nil || len(got) != pods || asked != maxWarned || got[0].Warning != want || got[pods-1].Warning != "" {
			t.Errorf("%s: %d Pods, %d requests, the first says %q, the last %q, %v", text, len(got), asked, got[0].Warning, got[pods-1].Warning, err)
		}
	}
}
