package pods

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/streaming"
	"k8s.io/apimachinery/pkg/watch"
	restwatch "k8s.io/client-go/rest/watch"

	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
)

// wire is the runtime.ContentTypeProtobuf the Client speaks.
func wire(t testing.TB) runtime.SerializerInfo {
	t.Helper()
	info, ok := runtime.SerializerInfoForMediaType(newPartialCodecs(newScheme()).SupportedMediaTypes(), runtime.ContentTypeProtobuf)
	if !ok {
		t.Fatal("no protobuf")
	}
	return info
}

// partially sends an object over the wire and decodes it as a watch does.
func decodePartially(t testing.TB, object *corev1.Pod) *corev1.Pod {
	t.Helper()
	sent := object.DeepCopy()
	sent.TypeMeta = metav1.TypeMeta{Kind: "Pod", APIVersion: "v1"}
	body, err := runtime.Encode(wire(t).Serializer, sent)
	if err != nil {
		t.Fatal(err)
	}
	got, err := runtime.Decode(wire(t).Serializer, body)
	if err != nil {
		t.Fatal(err)
	}
	return got.(*corev1.Pod)
}

// fullPod has everything that an API server may add, and that is not observed.
func fullPod(t testing.TB) *corev1.Pod {
	t.Helper()
	pod := livePod(t)
	pod.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "ottoscaler", FieldsV1: metav1.NewFieldsV1(`{"f:x":{}}`)}}
	pod.Labels["team"], pod.Annotations["note"] = "blue", "foreign"
	pod.Labels[templates.ProtectedKey] = templates.Protected
	pod.OwnerReferences = []metav1.OwnerReference{{Name: "owner", UID: "uid-2"}}
	pod.DeletionTimestamp, pod.DeletionGracePeriodSeconds = &pod.CreationTimestamp, new(int64(30))
	pod.Spec.NodeName = "node-1"
	pod.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}, {Key: "k", Effect: corev1.TaintEffectNoExecute, TolerationSeconds: new(int64(7))}}
	pod.Spec.InitContainers = []corev1.Container{
		{Name: "sidecar", RestartPolicy: new(corev1.ContainerRestartPolicyAlways)}, {Name: "init"},
	}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{ended("a", 7, "Error", "no", 0)}
	return pod
}

func TestPartialDecoderKeepsWhatIsObserved(t *testing.T) {
	full := fullPod(t)
	want := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: full.Name, UID: full.UID, ResourceVersion: full.ResourceVersion, CreationTimestamp: full.CreationTimestamp,
			DeletionTimestamp: full.DeletionTimestamp, Labels: only(full.Labels), Annotations: only(full.Annotations),
		},
		Spec:   corev1.PodSpec{NodeName: "node-1", InitContainers: full.Spec.InitContainers, Tolerations: full.Spec.Tolerations},
		Status: full.Status,
	}
	delete(want.Annotations, annotationEvent)
	if d := cmp.Diff(want, decodePartially(t, full)); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// only keeps the entries that something depends on.
func only(m map[string]string) map[string]string {
	kept := make(map[string]string)
	for k, v := range m {
		if strings.HasPrefix(k, k8s.LabelPrefix) || k == k8s.LabelManagedBy || k == templates.MainKey {
			kept[k] = v
		}
	}
	return kept
}

func TestDecodeList(t *testing.T) {
	list := &corev1.PodList{
		TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"},
		ListMeta: metav1.ListMeta{ResourceVersion: "9", Continue: "more"},
		Items:    []corev1.Pod{*livePod(t), *fullPod(t)},
	}
	body, err := runtime.Encode(wire(t).Serializer, list)
	if err != nil {
		t.Fatal(err)
	}
	got := corev1.PodList{Items: make([]corev1.Pod, 5)}
	if err := runtime.DecodeInto(wire(t).Serializer, body, &got); err != nil {
		t.Fatal(err)
	}
	want := corev1.PodList{ListMeta: list.ListMeta, Items: []corev1.Pod{*decodePartially(t, livePod(t)), *decodePartially(t, fullPod(t))}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestDecodeMetadata(t *testing.T) {
	pod := fullPod(t)
	answer := &metav1.PartialObjectMetadata{
		TypeMeta: metav1.TypeMeta{Kind: "PartialObjectMetadata", APIVersion: "meta.k8s.io/v1"}, ObjectMeta: pod.ObjectMeta,
	}
	body, err := runtime.Encode(wire(t).Serializer, answer)
	if err != nil {
		t.Fatal(err)
	}
	got, err := runtime.Decode(wire(t).Serializer, body)
	if err != nil {
		t.Fatal(err)
	}
	want := &metav1.PartialObjectMetadata{ObjectMeta: decodePartially(t, pod).ObjectMeta}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestGetIsWhole: who adopts a Pod reads the event from its annotations.
func TestGetIsWhole(t *testing.T) {
	pod := fullPod(t)
	body, err := runtime.Encode(wire(t).Serializer, pod)
	if err != nil {
		t.Fatal(err)
	}
	var got corev1.Pod
	if err := runtime.DecodeInto(wire(t).Serializer, body, &got); err != nil {
		t.Fatal(err)
	}
	pod.TypeMeta, got.TypeMeta = metav1.TypeMeta{}, metav1.TypeMeta{}
	if d := cmp.Diff(pod, &got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestDecodeWatch reads several events from one stream: they share a buffer, and none may change when the next is read.
func TestDecodeWatch(t *testing.T) {
	info := wire(t)
	var stream bytes.Buffer
	frames := info.StreamSerializer.NewFrameWriter(&stream)
	var want []*corev1.Pod
	for _, name := range []string{"otto-agent-1-1-0", "otto-agent-2-1-0", "otto-agent-3-1-0"} {
		pod := fullPod(t)
		pod.Name = name
		body, err := runtime.Encode(info.Serializer, pod)
		if err != nil {
			t.Fatal(err)
		}
		event := &metav1.WatchEvent{Type: string(watch.Modified), Object: runtime.RawExtension{Raw: body}}
		if err := info.StreamSerializer.Encode(event, frames); err != nil {
			t.Fatal(err)
		}
		want = append(want, decodePartially(t, pod))
	}
	decoder := restwatch.NewDecoder(
		streaming.NewDecoder(info.StreamSerializer.NewFrameReader(io.NopCloser(&stream)), info.StreamSerializer.Serializer),
		info.Serializer)
	var got []*corev1.Pod
	for range want {
		kind, object, err := decoder.Decode()
		if err != nil || kind != watch.Modified {
			t.Fatal(kind, err)
		}
		got = append(got, object.(*corev1.Pod))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestPartialDecoderLeavesTheRestToClientGo(t *testing.T) {
	want := k8stest.Status(410, metav1.StatusReasonExpired, "too old")
	body, err := runtime.Encode(wire(t).Serializer, want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := runtime.Decode(wire(t).Serializer, body)
	if err != nil {
		t.Fatal(err)
	}
	want.TypeMeta = metav1.TypeMeta{}
	got.(*metav1.Status).TypeMeta = metav1.TypeMeta{}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// FuzzPartialDecoder: whatever the bytes of a Pod, what is decoded partially is observed as what is decoded whole.
func FuzzPartialDecoder(f *testing.F) {
	for _, pod := range []*corev1.Pod{livePod(f), fullPod(f), {}} {
		pod.Spec.Containers = nil // they are not observed, and short bytes are tried faster
		raw, err := pod.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	o := &offline(f).observer
	f.Fuzz(func(t *testing.T, raw []byte) {
		var partial, whole corev1.Pod
		if decodePod(raw, &partial) != nil || whole.Unmarshal(raw) != nil {
			return
		}
		got, gotOK := o.observe(&partial)
		want, wantOK := o.observe(&whole)
		if d := cmp.Diff(want, got); gotOK != wantOK || d != "" {
			t.Errorf("ok %v, want %v; -want +got:\n%s", gotOK, wantOK, d)
		}
	})
}
