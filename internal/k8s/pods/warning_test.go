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

func warningAt(after time.Duration, message string) corev1.Event {
	return corev1.Event{Reason: "FailedMount", Message: message, LastTimestamp: metav1.NewTime(created.Add(after))}
}

func backOff(after time.Duration) corev1.Event {
	e := warningAt(after, "again")
	e.Reason = "BackOff"
	return e
}

// TestGetWarning: of a Pod that has a node and does not start the newest warning comes with it, and of no other Pod.
func TestGetWarning(t *testing.T) {
	series := warningAt(0, "counted")
	series.LastTimestamp = metav1.Time{}
	series.EventTime = metav1.NewMicroTime(created)
	series.Series = &corev1.EventSeries{LastObservedTime: metav1.NewMicroTime(created.Add(time.Hour))}
	status := func(code int, reason metav1.StatusReason, message string) (int, any) {
		return code, k8stest.Status(code, reason, message)
	}
	list := func(all ...corev1.Event) func() (int, any) {
		return func() (int, any) {
			return 200, &corev1.EventList{TypeMeta: metav1.TypeMeta{Kind: "EventList", APIVersion: "v1"}, Items: all}
		}
	}
	starting := bound(waits("agent", "ContainerCreating", ""))
	for name, c := range map[string]struct {
		pod    func(*corev1.Pod)
		answer func() (int, any)
		asked  int
		want   string
	}{
		"none":             {starting, list(), 1, ""},
		"the newest":       {starting, list(warningAt(time.Second, "old"), warningAt(time.Minute, "new\n"), warningAt(0, "first")), 1, "FailedMount: new"},
		"not a pause":      {starting, list(backOff(time.Minute), warningAt(time.Second, "no such file"), warningAt(0, "old"), backOff(time.Hour)), 1, "FailedMount: no such file"},
		"only pauses":      {starting, list(backOff(0)), 1, "BackOff: again"},
		"one of a series":  {starting, list(warningAt(time.Minute, "old"), series), 1, "FailedMount: counted"},
		"not permitted":    {starting, func() (int, any) { return status(403, metav1.StatusReasonForbidden, "no") }, 1, "its Kubernetes Events cannot be read: no"},
		"far too long":     {starting, list(warningAt(0, strings.Repeat("x", 5000))), 1, "FailedMount: " + strings.Repeat("x", maxWarning-len("FailedMount: "))},
		"of a running Pod": {withMain(corev1.PodRunning, runs("agent")), list(warningAt(0, "x")), 0, ""},
		"without a node":   {func(*corev1.Pod) {}, list(warningAt(0, "x")), 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			client := newTestClient(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/api/v1/namespaces/ci/events" {
					pod := livePod(t)
					c.pod(pod)
					k8stest.Answer(w, 200, pod)
					return
				}
				asked++
				if got, want := r.URL.Query().Get("fieldSelector"), "involvedObject.uid=uid-1,type=Warning"; got != want {
					t.Errorf("asked for %q, want %q", got, want)
				}
				code, body := c.answer()
				k8stest.Answer(w, code, body)
			})
			got, err := client.Get(t.Context(), testRef)
			if err != nil || got.Warning != c.want || asked != c.asked {
				t.Errorf("warning %q after %d requests, %v, want %q after %d", got.Warning, asked, err, c.want, c.asked)
			}
		})
	}
}
