//go:build real

package bench

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/ottoscaler/ottoscaler/test/harness"
)

// pods makes bodies of POSTs that differ from the product's only in the event's ID and the slot.
type pods struct {
	pattern *corev1.Pod
	event   string // its event
	codec   runtime.Codec
}

// capture records one POST of the product on its way to the API server.
func capture(t *testing.T, r *fixture) *pods {
	t.Helper()
	var mu sync.Mutex
	var seen []byte
	api := harness.NewAPIProxy(t, r.Kubeconfig())
	api.Intercept(func(q *http.Request) harness.RequestFault {
		if q.Method == http.MethodPost && strings.HasSuffix(q.URL.Path, "/pods") {
			body, err := io.ReadAll(q.Body)
			q.Body = io.NopCloser(bytes.NewReader(body))
			mu.Lock()
			defer mu.Unlock()
			if seen == nil && err == nil {
				seen = body
			}
		}
		return harness.RequestFault{}
	})
	r.Start(append(environment(t), "KUBECONFIG="+api.Kubeconfig)...)
	event := r.Add("type", "scale_up", "pod_count", 1000, "task_id", "task-123")
	r.Eventually("the product's first POST", func() error {
		mu.Lock()
		defer mu.Unlock()
		if seen == nil {
			return fmt.Errorf("no POST yet")
		}
		return nil
	})
	r.Kill()
	api.Intercept(nil)
	if err := r.Redis.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	return parsePattern(t, seen, event)
}

// parsePattern checks that decoding and encoding give the same bytes.
func parsePattern(t *testing.T, body []byte, event string) *pods {
	t.Helper()
	info, ok := runtime.SerializerInfoForMediaType(scheme.Codecs.SupportedMediaTypes(), runtime.ContentTypeProtobuf)
	if !ok {
		t.Fatal("no protobuf")
	}
	decoder := scheme.Codecs.UniversalDeserializer()
	p := &pods{event: event, codec: scheme.Codecs.CodecForVersions(info.Serializer, decoder, corev1.SchemeGroupVersion, nil)}
	object, err := runtime.Decode(decoder, body)
	if err != nil {
		t.Fatalf("the product's POST: %v", err)
	}
	p.pattern = object.(*corev1.Pod)
	again, err := runtime.Encode(p.codec, p.pattern)
	if err != nil || !bytes.Equal(again, body) {
		t.Fatalf("the product's POST has %d bytes, the floor's %d: %v", len(body), len(again), err)
	}
	return p
}

// batch makes the Pods 1 to n of a new event, and their names.
func (p *pods) batch(t *testing.T, n int) (bodies [][]byte, names []string) {
	t.Helper()
	event := fmt.Sprintf("%d-0", time.Now().UnixMilli())
	for i := range n {
		pod := p.pattern.DeepCopy()
		relabel(pod, p.event, event, i+1)
		body, err := runtime.Encode(p.codec, pod)
		if err != nil {
			t.Fatal(err)
		}
		bodies, names = append(bodies, body), append(names, pod.Name)
	}
	return bodies, names
}

// relabel replaces the event's ID and the slot in a Pod.
func relabel(pod *corev1.Pod, old, event string, slot int) {
	pod.Name = fmt.Sprintf("otto-agent-%d-%s", slot, event)
	for _, m := range []map[string]string{pod.Labels, pod.Annotations} {
		for k, v := range m {
			m[k] = strings.ReplaceAll(v, old, event)
		}
		m["ottoscaler.io/worker-index"] = strconv.Itoa(slot)
	}
	for i := range pod.Spec.Containers {
		env := pod.Spec.Containers[i].Env
		for j := range env {
			if env[j].Value = strings.ReplaceAll(env[j].Value, old, event); env[j].Name == "OTTO_WORKER_INDEX" {
				env[j].Value = strconv.Itoa(slot)
			}
		}
	}
}
