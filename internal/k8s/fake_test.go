package k8s

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const podsPath = "/api/v1/namespaces/ci/pods"

func testTemplates(t testing.TB, dir string) *Templates {
	t.Helper()
	templates, err := LoadTemplates(TemplateOptions{
		Dir: dir, Image: "busybox:latest", Deadline: 6 * time.Hour,
		Requests: map[string]string{"cpu": "100m", "memory": "64Mi"},
		Limits:   map[string]string{"cpu": "500m", "memory": "256Mi"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return templates
}

func testOptions(t testing.TB) Options {
	t.Helper()
	return Options{
		Namespace: "ci", Instance: event.DefaultInstance, Stream: event.DefaultStream,
		Names:     event.NewNames(event.DefaultInstance, event.DefaultStream),
		Templates: testTemplates(t, ""), Version: "test", Logger: slog.New(slog.DiscardHandler),
	}
}

// newTestClient is a Client of an API server that is one handler.
func newTestClient(t testing.TB, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return clientOf(t, server.URL, testOptions(t))
}

func clientOf(t testing.TB, url string, o Options) *Client {
	t.Helper()
	c, err := New(&rest.Config{Host: url}, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		utilnet.CloseIdleConnectionsFor(c.calls.Client.Transport)
		utilnet.CloseIdleConnectionsFor(c.sights.Client.Transport)
	})
	return c
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

func status(code int, reason metav1.StatusReason, message string, causes ...metav1.StatusCause) *metav1.Status {
	return &metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusFailure, Code: int32(code), Reason: reason, Message: message,
		Details: &metav1.StatusDetails{Kind: "pods", Name: testName, Causes: causes},
	}
}

// readPod decodes the protobuf of a POST.
func readPod(t testing.TB, r *http.Request) *corev1.Pod {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	obj, _, err := serializer.NewCodecFactory(podScheme()).UniversalDeserializer().Decode(body, nil, nil)
	if err != nil {
		t.Error(err)
		return &corev1.Pod{}
	}
	return obj.(*corev1.Pod)
}

const testName = "otto-agent-1-1756659802903-0"

func testEvent() *event.Event {
	id, _ := event.ParseID("1756659802903-0")
	return &event.Event{
		EventID: id, Type: event.ScaleUp, PodCount: 3, Timestamp: id.Time(),
		Metadata:    map[string]string{"task_id": "task-123", "branch": "main", "price": "$(HOME) $$ $5"},
		Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}
}

func testSpec() worker.PodSpec {
	return worker.PodSpec{Name: testName, Event: testEvent(), Slot: 1, Attempt: 1}
}

// livePod is the Pod of testSpec as the API server has it.
func livePod(t testing.TB) *corev1.Pod {
	t.Helper()
	o := testOptions(t)
	pod, err := (&Client{Options: o}).pod(testSpec())
	if err != nil {
		t.Fatal(err)
	}
	pod.TypeMeta = metav1.TypeMeta{Kind: "Pod", APIVersion: "v1"}
	pod.UID, pod.ResourceVersion = types.UID("uid-1"), "7"
	pod.CreationTimestamp = metav1.NewTime(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
	pod.Status.Phase = corev1.PodPending
	return pod
}
