package pods

import (
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

const (
	podsPath = "/api/v1/namespaces/ci/pods"
	testName = "otto-agent-1-1756659802903-0"
)

var (
	testRef = worker.PodRef{Name: testName, UID: "uid-1"}

	created  = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	finished = created.Add(time.Minute)
)

func testTemplates(t testing.TB, dir string) *templates.Set {
	t.Helper()
	set, err := templates.Load(templates.Options{
		Dir: dir, Image: "busybox:latest", Deadline: 6 * time.Hour,
		Requests: map[string]string{"cpu": "100m", "memory": "64Mi"},
		Limits:   map[string]string{"cpu": "500m", "memory": "256Mi"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return set
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
	return clientOf(t, k8stest.Serve(t, handler), testOptions(t))
}

func clientOf(t testing.TB, access *rest.Config, o Options) *Client {
	t.Helper()
	c, err := New(access, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// offline is a Client that sends nothing.
func offline(t testing.TB) *Client {
	t.Helper()
	return clientOf(t, &rest.Config{Host: "http://127.0.0.1:1"}, testOptions(t))
}

// decodeBody decodes the protobuf of a request.
func decodeBody(t testing.TB, r *http.Request) runtime.Object {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	obj, _, err := serializer.NewCodecFactory(newScheme()).UniversalDeserializer().Decode(body, nil, nil)
	if err != nil {
		t.Error(err)
		return &corev1.Pod{}
	}
	return obj
}

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

// buildPod builds a Pod and gives it what the API server does.
func buildPod(t testing.TB, spec worker.PodSpec, uid, version string) *corev1.Pod {
	t.Helper()
	pod, err := offline(t).builder.build(spec)
	if err != nil {
		t.Fatal(err)
	}
	pod.TypeMeta = metav1.TypeMeta{Kind: "Pod", APIVersion: "v1"}
	pod.UID, pod.ResourceVersion = types.UID(uid), version
	return pod
}

// livePod is the Pod of testSpec as the API server has it.
func livePod(t testing.TB) *corev1.Pod {
	t.Helper()
	pod := buildPod(t, testSpec(), "uid-1", "7")
	pod.CreationTimestamp = metav1.NewTime(created)
	pod.Status.Phase = corev1.PodPending
	return pod
}

func ended(name string, code int32, reason, message string, after time.Duration) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: code, Reason: reason, Message: message, FinishedAt: metav1.NewTime(finished.Add(after)),
	}}}
}

func waitingFor(reason, message string) corev1.ContainerStatus {
	return corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}
}
