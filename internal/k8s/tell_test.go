package k8s

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// TestTry: it makes nothing, and says what the server says.
func TestTry(t *testing.T) {
	for name, test := range map[string]struct {
		code int
		want error
	}{
		"taken":   {http.StatusCreated, nil},
		"quota":   {http.StatusForbidden, worker.ErrRefused},
		"invalid": {http.StatusUnprocessableEntity, worker.ErrRefused},
		"down":    {http.StatusServiceUnavailable, worker.ErrUnknown},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || r.URL.Query().Get("dryRun") != "All" {
				t.Errorf("%s: asked %s %s", name, r.Method, r.URL)
			}
			if test.want != nil {
				answer(w, test.code, status(test.code, metav1.StatusReasonForbidden, "exceeded quota: q"))
				return
			}
			answer(w, test.code, &corev1.Pod{TypeMeta: metav1.TypeMeta{Kind: "Pod", APIVersion: "v1"}})
		}))
		err := clientOf(t, server.URL, testOptions(t)).Try(t.Context(), "")
		if !errors.Is(err, test.want) || test.want != nil && !strings.Contains(err.Error(), "exceeded quota: q") {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
		server.Close()
	}
}

// TestOfEvent: Pods of this event and this installation, whatever else the server sends.
func TestOfEvent(t *testing.T) {
	ours, foreign := numbered(t, 1, "5"), numbered(t, 2, "5")
	foreign.Name = "web"
	at := time.Date(2026, 11, 22, 10, 0, 1, 0, time.UTC)
	ours.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: metav1.NewTime(at)}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := testSpec().Event.EventID.String()
		if got, want := r.URL.Query().Get("labelSelector"), "managed-by=ottoscaler,ottoscaler.io/event-id="+id+",ottoscaler.io/instance=ottoscaler"; got != want {
			t.Errorf("asked for %q, want %q", got, want)
		}
		answer(w, 200, &corev1.PodList{
			TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"}, Items: []corev1.Pod{*ours, *foreign},
		})
	}))
	defer server.Close()
	got, err := clientOf(t, server.URL, testOptions(t)).OfEvent(t.Context(), testSpec().Event.EventID)
	if err != nil || len(got) != 1 || got[0].Ref.Name != ours.Name || !got[0].Scheduled.Equal(at) {
		t.Errorf("got %+v, %v", got, err)
	}
}
