package k8s

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
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// TestEventsChangeNoPod: whatever ten thousand events say, their Pods differ from the template only where the design
// allows it: in name, namespace, our labels and annotations, a shorter deadline, and variables whose names and values
// are theirs alone. No value can refer to another variable.
func TestEventsChangeNoPod(t *testing.T) {
	o := testOptions(t)
	client := &Client{Options: o}
	rules := event.Rules{MaxPods: 10, Deadlines: o.Templates.Deadlines()}
	template, known := o.Templates.of("")
	if !known {
		t.Fatal("no template")
	}
	want, err := json.Marshal(corev1.Pod{Spec: template.Spec})
	if err != nil {
		t.Fatal(err)
	}
	accepted := 0
	hostile := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"LD_PRELOAD", "PATH", "KUBERNETES_SERVICE_HOST", "$(SECRET)", "$$(OTTO_TASK_ID)", "\x1b[31m", "a/b 한글", "hostNetwork", "managed-by",
		`{"spec":{"hostPID":true}}`, "-", "../x",
	}))
	draw := func(t *rapid.T) map[string]string {
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
	one := func(t *rapid.T) {
		event, bad := event.Decode(event.ID{Ms: 1756659802903}, draw(t), rules)
		if bad != nil {
			return
		}
		accepted++
		pod, err := client.pod(worker.PodSpec{Name: o.Names.Pod(event.EventID, 1, 1), Event: &event, Slot: 1, Attempt: 1})
		if err != nil {
			t.Fatal(err)
		}
		checkMeta(t, pod)
		checkVariables(t, pod, template.Spec)
		got := corev1.Pod{Spec: *pod.Spec.DeepCopy()}
		for i := range got.Spec.Containers {
			got.Spec.Containers[i].Env = template.Spec.Containers[i].Env
		}
		if d := got.Spec.ActiveDeadlineSeconds; event.Deadline > 0 && *d == int64(event.Deadline/time.Second) {
			got.Spec.ActiveDeadlineSeconds = template.Spec.ActiveDeadlineSeconds
		}
		b, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(b)); diff != "" {
			t.Fatalf("the spec (-template +pod):\n%s", diff)
		}
	}
	for range 100 { // rapid's own number of tries is a hundred
		rapid.Check(t, one)
	}
	if accepted < 1000 {
		t.Errorf("only %d of the events were accepted", accepted)
	}
}

func checkMeta(t *rapid.T, pod *corev1.Pod) {
	t.Helper()
	for name := range pod.Annotations {
		if !strings.HasPrefix(name, ours) {
			t.Fatalf("annotation %q", name)
		}
	}
	for name, value := range pod.Labels {
		if !strings.HasPrefix(name, ours) && !strings.HasPrefix(name, recommended) && name != labelManagedBy && name != labelApp {
			t.Fatalf("label %q=%q", name, value)
		}
	}
	if pod.Labels[labelManagedBy] != managedBy || pod.Labels[labelApp] != app || len(pod.OwnerReferences)+len(pod.Finalizers) > 0 {
		t.Fatalf("meta: %+v", pod.ObjectMeta)
	}
}

// checkVariables: the template's own follow unchanged, and of ours each has a name of ours and refers to nothing.
func checkVariables(t *rapid.T, pod *corev1.Pod, template corev1.PodSpec) {
	t.Helper()
	for i := range pod.Spec.Containers {
		env, own := pod.Spec.Containers[i].Env, template.Containers[i].Env
		ourEnv := env[:len(env)-len(own)]
		if diff := cmp.Diff(own, env[len(ourEnv):]); len(own) > 0 && diff != "" {
			t.Fatalf("the template's variables:\n%s", diff)
		}
		seen := make(map[string]bool)
		for _, v := range ourEnv {
			if !event.ReservedVariable(v.Name) || seen[v.Name] || v.ValueFrom != nil {
				t.Fatalf("variable %+v", v)
			}
			if seen[v.Name] = true; strings.Contains(strings.ReplaceAll(v.Value, "$$", ""), "$") {
				t.Fatalf("variable %s refers to another: %q", v.Name, v.Value)
			}
		}
	}
}
