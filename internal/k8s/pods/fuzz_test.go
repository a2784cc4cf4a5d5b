package pods

import (
	"encoding/json"
	"testing"
	"unicode"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// FuzzObserve reads Pods whose annotations and status an attacker wrote.
func FuzzObserve(f *testing.F) {
	seed := livePod(f)
	for _, change := range []func(){
		func() {},
		func() { seed.Status.Phase = corev1.PodFailed },
		func() {
			seed.Status.ContainerStatuses = []corev1.ContainerStatus{ended("a", 7, "Err\x00or", "\xff\u202eno", 0)}
		},
		func() { seed.Status.Phase, seed.Status.Reason = corev1.PodPending, "한글" },
		func() { seed.Status.ContainerStatuses = []corev1.ContainerStatus{waitingFor("ErrImagePull", "\x07")} },
	} {
		change()
		b, err := json.Marshal(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, seed.Name, "1756659802903-0", "1", "1", "Evicted", "m\x1b")
	}
	o := &offline(f).observer
	f.Fuzz(func(t *testing.T, raw []byte, name, id, slot, attempt, reason, message string) {
		var pod corev1.Pod
		if json.Unmarshal(raw, &pod) != nil {
			return
		}
		pod.Name = name
		pod.Annotations = fillFrom(pod.Annotations, map[string]string{keyEventID: id, keyIndex: slot, keyAttempt: attempt})
		pod.Status.Reason, pod.Status.Message = reason, message
		pod.Annotations[annotationEvent] = message
		recognized, _ := o.recognize(&pod, worker.PodRef{Name: name, UID: "uid"})
		checkObservation(t, recognized)
		if e := readEvent(&pod); e != nil && len(message) > maxEventAnnotation {
			t.Fatalf("read %d bytes", len(message))
		}
		got, ok := o.observe(&pod)
		if !ok {
			return
		}
		if o.names.Pod(got.Event, got.Slot, got.Attempt) != pod.Name || got.Slot < 1 || got.Attempt < 1 {
			t.Fatalf("not the Pod of this name: %+v", got)
		}
		checkObservation(t, got)
	})
}

func checkObservation(t *testing.T, o worker.Observation) {
	t.Helper()
	limit := maxMessage
	if o.ExitCode != nil && *o.ExitCode == 0 {
		limit = worker.MaxResult
	}
	checkText(t, o.Message, limit, '\n')
	checkText(t, o.Reason, maxReason, -1)
	checkText(t, o.Node, maxName, -1)
	if _, err := json.Marshal(o); err != nil {
		t.Fatal(err)
	}
}

func checkText(t *testing.T, s string, limit int, allowed rune) {
	t.Helper()
	if len(s) > limit || !utf8.ValidString(s) {
		t.Fatalf("%d bytes, valid %v: %q", len(s), utf8.ValidString(s), s)
	}
	for _, r := range s {
		if unicode.IsControl(r) && r != allowed {
			t.Fatalf("control character %q in %q", r, s)
		}
	}
}

// FuzzPodNames builds names and labels from whatever an event may be called.
func FuzzPodNames(f *testing.F) {
	f.Add(uint64(1756659802903), uint64(0), 1, 1, "ottoscaler", "otto:scale:events", "task-123")
	f.Add(^uint64(0), ^uint64(0), 1000000, 100, "a/b", "한글", "a/b 한글")
	f.Fuzz(func(t *testing.T, ms, seq uint64, slot, attempt int, instance, stream, task string) {
		if slot < 1 || attempt < 1 {
			return
		}
		name := event.NewNames(instance, stream).Pod(event.ID{Ms: ms, Seq: seq}, slot, attempt)
		if why := validation.IsDNS1123Subdomain(name); len(why) > 0 {
			t.Fatalf("name %q: %v", name, why)
		}
		if why := validation.IsValidLabelValue(labelValue(task)); len(why) > 0 {
			t.Fatalf("label of %q: %v", task, why)
		}
	})
}
