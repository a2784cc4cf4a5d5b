package pods

import (
	"errors"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/golden"
	"github.com/ottoscaler/ottoscaler/internal/k8s"
	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
	"github.com/ottoscaler/ottoscaler/internal/k8s/templates"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

func TestPodGolden(t *testing.T) {
	pod, err := offline(t).builder.build(testSpec())
	if err != nil {
		t.Fatal(err)
	}
	got, err := yaml.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	golden.File(t, filepath.Join("testdata", "builtin.yaml"), string(got))
}

// Pod Security restricted, field by field: https://kubernetes.io/docs/concepts/security/pod-security-standards/.
func TestBuiltinIsRestricted(t *testing.T) {
	spec := livePod(t).Spec
	agent := spec.Containers[0].SecurityContext
	for what, ok := range map[string]bool{
		"no host namespaces":  !spec.HostNetwork && !spec.HostPID && !spec.HostIPC,
		"no volumes":          len(spec.Volumes) == 0,
		"not root":            *spec.SecurityContext.RunAsNonRoot && *spec.SecurityContext.RunAsUser == 65532,
		"seccomp":             spec.SecurityContext.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault,
		"no escalation":       !*agent.AllowPrivilegeEscalation,
		"no capabilities":     cmp.Equal(agent.Capabilities.Drop, []corev1.Capability{"ALL"}) && len(agent.Capabilities.Add) == 0,
		"not privileged":      agent.Privileged == nil,
		"no token":            !*spec.AutomountServiceAccountToken,
		"never restarted":     spec.RestartPolicy == corev1.RestartPolicyNever,
		"requests and limits": len(spec.Containers[0].Resources.Requests) == 2 && len(spec.Containers[0].Resources.Limits) == 2,
		"a deadline":          *spec.ActiveDeadlineSeconds == 6*3600,
		"last log lines kept": spec.Containers[0].TerminationMessagePolicy == corev1.TerminationMessageFallbackToLogsOnError,
	} {
		if !ok {
			t.Errorf("the built-in Pod breaks: %s", what)
		}
	}
}

func TestPodUnknownTemplate(t *testing.T) {
	spec := testSpec()
	spec.Event.Template = "gone"
	if _, err := offline(t).builder.build(spec); !errors.Is(err, worker.ErrRefused) {
		t.Errorf("got %v, want ErrRefused", err)
	}
}

// expand follows Kubernetes' rules for $ in environment values, written from their description: `$$` is one `$`,
// `$(NAME)` a reference, any other `$` itself.
func expand(s string, lookup func(string) string) string {
	var out strings.Builder
	for s != "" {
		switch {
		case strings.HasPrefix(s, "$$"):
			out.WriteByte('$')
			s = s[2:]
		case strings.HasPrefix(s, "$(") && strings.Contains(s, ")"):
			name, after, _ := strings.Cut(s[2:], ")")
			out.WriteString(lookup(name))
			s = after
		default:
			out.WriteByte(s[0])
			s = s[1:]
		}
	}
	return out.String()
}

func TestVariableExpandsToItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringOf(rapid.RuneFrom([]rune("$$$()ab한 \n"))).Draw(t, "value")
		got := expand(variable("X", value).Value, func(string) string { return "EXPANDED" })
		if got != value {
			t.Fatalf("the container would see %q instead of %q", got, value)
		}
	})
}

func TestLabelValue(t *testing.T) {
	for in, want := range map[string]string{
		"task-123": "task-123", "": "", "a/b": "a-b-", "-x": "x-", "한글": "", strings.Repeat("x", 99): strings.Repeat("x", 54) + "-",
	} {
		legal := in == want
		if got := labelValue(in); legal && got != want || !legal && (!strings.HasPrefix(got, want) || len(got) != len(want)+8) {
			t.Errorf("labelValue(%q) = %q, want %q and a hash", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		task := rapid.String().Draw(t, "task")
		if why := validation.IsValidLabelValue(labelValue(task)); len(why) > 0 {
			t.Fatalf("labelValue(%q) = %q: %s", task, labelValue(task), why)
		}
	})
	if labelValue("a/b") == labelValue("a:b") {
		t.Error("two tasks have one label")
	}
}

const richTemplate = `
metadata:
  labels: {team: build, ottoscaler.io/protected: "true"}
  annotations: {example.com/note: kept, ottoscaler.io/protected: "true"}
spec:
  serviceAccountName: runner
  initContainers:
  - {name: fetch, image: git, env: [{name: A, value: $(OTTO_TASK_ID)}]}
  - {name: proxy, image: proxy, restartPolicy: Always}
  containers:
  - {name: main, image: builder, args: [run], env: [{name: B, value: b}]}
  - {name: other, image: other, imagePullPolicy: Always}
`

func drawEvent(t *rapid.T) *event.Event {
	text := rapid.StringOf(rapid.Rune().Filter(func(r rune) bool { return r != 0 }))
	fields := map[string]string{"type": "scale_up", "pod_count": "9"}
	for range rapid.IntRange(0, 5).Draw(t, "fields") {
		fields[rapid.StringMatching(`[a-zA-Z_/.()$-]{1,12}`).Draw(t, "key")] = text.Draw(t, "value")
	}
	fields["type"], fields["pod_count"] = "scale_up", "9"
	for _, own := range []string{"timestamp", "template", "deadline_seconds", "traceparent", "tracestate", "idempotency_key"} {
		delete(fields, own)
	}
	fields["template"] = rapid.SampledFrom([]string{"rich", "rich"}).Draw(t, "template")
	if rapid.Bool().Draw(t, "deadline") {
		fields["deadline_seconds"] = "7"
	}
	e, rejection := event.Decode(event.ID{Ms: rapid.Uint64().Draw(t, "ms"), Seq: 1}, fields,
		event.Rules{MaxPods: 10, Deadlines: map[string]time.Duration{"": 0, "rich": 0}})
	if rejection != nil {
		t.Skip(rejection.Reason)
	}
	return &e
}

// What an event contains goes into environment variables and annotations, and nowhere else.
func TestPodIsItsTemplate(t *testing.T) {
	dir := t.TempDir()
	k8stest.WriteFile(t, filepath.Join(dir, "rich.yaml"), richTemplate)
	o := testOptions(t)
	o.Templates = testTemplates(t, dir)
	c := clientOf(t, &rest.Config{Host: "http://127.0.0.1:1"}, o)
	rapid.Check(t, func(t *rapid.T) {
		e := drawEvent(t)
		slot, attempt := rapid.IntRange(1, 9).Draw(t, "slot"), rapid.IntRange(1, 3).Draw(t, "attempt")
		spec := worker.PodSpec{Name: o.Names.Pod(e.EventID, slot, attempt), Event: e, Slot: slot, Attempt: attempt}
		pod, err := c.builder.build(spec)
		if err != nil {
			t.Fatal(err)
		}
		template, _ := o.Templates.Copy(e.Template)
		checkOwn(t, pod, spec)
		undo(t, pod, spec, &template)
		if d := cmp.Diff(template.Spec, pod.Spec); d != "" {
			t.Fatalf("the Pod's spec differs from its template:\n%s", d)
		}
		if d := cmp.Diff(template.ObjectMeta, pod.ObjectMeta); d != "" {
			t.Fatalf("the Pod's metadata differ from its template:\n%s", d)
		}
	})
}

// checkOwn checks what the Pod contains about its worker, as the container and a reader of annotations see it.
func checkOwn(t *rapid.T, pod *corev1.Pod, spec worker.PodSpec) {
	seen := make(map[string]string)
	for _, v := range pod.Spec.Containers[0].Env {
		if _, twice := seen[v.Name]; twice {
			t.Fatalf("%s is set twice", v.Name)
		}
		seen[v.Name] = expand(v.Value, func(string) string { return "EXPANDED" })
	}
	for k, v := range spec.Event.Metadata {
		name := event.MetadataVariable(k)
		if k == event.FieldTaskID {
			name = "OTTO_TASK_ID"
		}
		if seen[name] != v {
			t.Fatalf("%s is %q in the container, want %q", name, seen[name], v)
		}
	}
	want := *spec.Event
	want.Timestamp = jsonTime(want.Timestamp)
	if d := cmp.Diff(&want, readEvent(pod)); d != "" {
		t.Fatalf("the event read back from its annotation differs:\n%s", d)
	}
	pod.UID = "u"
	o, ok := (&observer{event.DefaultInstance, event.NewNames(event.DefaultInstance, event.DefaultStream)}).observe(pod)
	if !ok || o.Event != spec.Event.EventID || o.Slot != spec.Slot || o.Attempt != spec.Attempt {
		t.Fatalf("a Pod that was built here is not recognized: %+v", o)
	}
	pod.UID = ""
}

// undo removes what a worker may add to its template.
func undo(t *rapid.T, pod *corev1.Pod, spec worker.PodSpec, template *corev1.PodTemplateSpec) {
	common := templates.Labels("")
	isOwn := func(k, _ string) bool {
		_, is := common[k]
		return is || strings.HasPrefix(k, k8s.LabelPrefix) && k != templates.ProtectedKey
	}
	pod.Name, pod.Namespace = "", ""
	for k, v := range pod.Labels {
		if why := validation.IsValidLabelValue(v); len(why) > 0 {
			t.Fatalf("label %s: %v", k, why)
		}
	}
	maps.DeleteFunc(pod.Labels, isOwn)
	maps.DeleteFunc(pod.Annotations, isOwn)
	undoEnv(pod, spec)
	if spec.Event.Deadline > 0 {
		if *pod.Spec.ActiveDeadlineSeconds != 7 {
			t.Fatalf("the deadline is %d", *pod.Spec.ActiveDeadlineSeconds)
		}
		pod.Spec.ActiveDeadlineSeconds = template.Spec.ActiveDeadlineSeconds
	}
}

// undoEnv removes the variables of a worker.
func undoEnv(pod *corev1.Pod, spec worker.PodSpec) {
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			containers[i].Env = containers[i].Env[len((&builder{}).variables(spec)):]
			if len(containers[i].Env) == 0 {
				containers[i].Env = nil
			}
		}
	}
}
