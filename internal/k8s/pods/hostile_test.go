package pods

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// TestEventsChangeNoPod: whatever ten thousand events say, their Pods differ from the template only where the design allows
// it: in name, namespace, reserved labels and annotations, a shorter deadline, and variables whose names and values are the
// worker's own. No value can refer to another variable.
func TestEventsChangeNoPod(t *testing.T) {
	o := testOptions(t)
	client := offline(t)
	rules := event.Rules{MaxPods: 10, Deadlines: o.Templates.Deadlines()}
	template, known := o.Templates.Copy("")
	if !known {
		t.Fatal("no template")
	}
	accepted := 0
	one := func(t *rapid.T) {
		event, bad := event.Decode(event.ID{Ms: 1756659802903}, drawHostile(t), rules)
		if bad != nil {
			return
		}
		accepted++
		pod, err := client.builder.build(worker.PodSpec{Name: o.Names.Pod(event.EventID, 1, 1), Event: &event, Slot: 1, Attempt: 1})
		if err != nil {
			t.Fatal(err)
		}
		checkMeta(t, pod, template.Annotations)
		checkVariables(t, pod, template.Spec)
		checkSpec(t, pod.Spec.DeepCopy(), template.Spec, event.Deadline)
	}
	for range 100 { // rapid's own number of tries is a hundred
		rapid.Check(t, one)
	}
	if accepted < 1000 {
		t.Errorf("only %d of the events were accepted", accepted)
	}
}

// drawHostile draws the fields of an event that tries to change more of its Pods than it may.
func drawHostile(t *rapid.T) map[string]string {
	hostile := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"LD_PRELOAD", "PATH", "KUBERNETES_SERVICE_HOST", "$(SECRET)", "$$(OTTO_TASK_ID)", "\x1b[31m", "a/b 한글", "hostNetwork", "managed-by",
		`{"spec":{"hostPID":true}}`, "-", "../x",
	}))
	fields := map[string]string{"type": "scale_up", "pod_count": "2"}
	for range rapid.IntRange(0, 6).Draw(t, "fields") {
		fields[hostile.Draw(t, "name")] = hostile.Draw(t, "value")
	}
	if rapid.Bool().Draw(t, "with a task") {
		fields["task_id"] = hostile.Draw(t, "task")
	}
	if rapid.Bool().Draw(t, "with a deadline") {
		fields["deadline_seconds"] = fmt.Sprint(rapid.IntRange(1, 100).Draw(t, "deadline"))
	}
	return fields
}

// checkSpec: but for variables and the event's deadline it is the template's.
func checkSpec(t *rapid.T, got *corev1.PodSpec, template corev1.PodSpec, deadline time.Duration) {
	t.Helper()
	for i := range got.Containers {
		got.Containers[i].Env = template.Containers[i].Env
	}
	if d := got.ActiveDeadlineSeconds; deadline > 0 && *d == int64(deadline/time.Second) {
		got.ActiveDeadlineSeconds = template.ActiveDeadlineSeconds
	}
	if diff := cmp.Diff(encode(t, template), encode(t, *got)); diff != "" {
		t.Fatalf("the spec (-template +pod):\n%s", diff)
	}
}

func encode(t *rapid.T, spec corev1.PodSpec) string {
	t.Helper()
	b, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func checkMeta(t *rapid.T, pod *corev1.Pod, template map[string]string) {
	t.Helper()
	for name, value := range pod.Annotations {
		if of, is := template[name]; !strings.HasPrefix(name, k8s.LabelPrefix) && (!is || of != value) {
			t.Fatalf("annotation %q", name)
		}
	}
	common := templates.Labels(pod.Labels[keyInstance])
	for name, value := range pod.Labels {
		if want, is := common[name]; is && value != want || !is && !strings.HasPrefix(name, k8s.LabelPrefix) {
			t.Fatalf("label %q=%q", name, value)
		}
	}
	if pod.Labels[k8s.LabelManagedBy] != k8s.ManagedBy || len(pod.OwnerReferences)+len(pod.Finalizers) > 0 {
		t.Fatalf("meta: %+v", pod.ObjectMeta)
	}
}

// checkVariables: the template's variables follow unchanged, and each before them has a reserved name and refers to nothing.
func checkVariables(t *rapid.T, pod *corev1.Pod, template corev1.PodSpec) {
	t.Helper()
	for i := range pod.Spec.Containers {
		env, own := pod.Spec.Containers[i].Env, template.Containers[i].Env
		added := env[:len(env)-len(own)]
		if diff := cmp.Diff(own, env[len(added):]); len(own) > 0 && diff != "" {
			t.Fatalf("the template's variables:\n%s", diff)
		}
		seen := make(map[string]bool)
		for _, v := range added {
			if !event.ReservedVariable(v.Name) || seen[v.Name] || v.ValueFrom != nil {
				t.Fatalf("variable %+v", v)
			}
			if seen[v.Name] = true; strings.Contains(strings.ReplaceAll(v.Value, "$$", ""), "$") {
				t.Fatalf("variable %s refers to another: %q", v.Name, v.Value)
			}
		}
	}
}
