package k8s

import (
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestPodGolden(t *testing.T) {
	pod, err := (&Client{Options: testOptions(t)}).pod(testSpec())
	if err != nil {
		t.Fatal(err)
	}
	got, err := yaml.Marshal(pod)
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "builtin.yaml")
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("the built-in Pod changed; if that is meant, run the test with -update:\n%s", d)
	}
}

// Pod Security restricted, field by field: https://kubernetes.io/docs/concepts/security/pod-security-standards/.
func TestBuiltinIsRestricted(t *testing.T) {
	spec := livePod(t).Spec
	agent := spec.Containers[0].SecurityContext
	for what, ok := range map[string]bool{
		"no host namespaces":     !spec.HostNetwork && !spec.HostPID && !spec.HostIPC,
		"no volumes":             len(spec.Volumes) == 0,
		"not root":               *spec.SecurityContext.RunAsNonRoot && *spec.SecurityContext.RunAsUser == 65532,
		"seccomp":                spec.SecurityContext.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault,
		"no escalation":          !*agent.AllowPrivilegeEscalation,
		"no capabilities":        cmp.Equal(agent.Capabilities.Drop, []corev1.Capability{"ALL"}) && len(agent.Capabilities.Add) == 0,
		"not privileged":         agent.Privileged == nil,
		"no token":               !*spec.AutomountServiceAccountToken,
		"never restarted":        spec.RestartPolicy == corev1.RestartPolicyNever,
		"requests and limits":    len(spec.Containers[0].Resources.Requests) == 2 && len(spec.Containers[0].Resources.Limits) == 2,
		"a deadline":             *spec.ActiveDeadlineSeconds == 6*3600,
		"last log lines in hand": spec.Containers[0].TerminationMessagePolicy == corev1.TerminationMessageFallbackToLogsOnError,
	} {
		if !ok {
			t.Errorf("the built-in Pod breaks: %s", what)
		}
	}
}

func TestPodUnknownTemplate(t *testing.T) {
	spec := testSpec()
	spec.Event.Template = "gone"
	if _, err := (&Client{Options: testOptions(t)}).pod(spec); !errors.Is(err, worker.ErrRefused) {
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
			name, rest, _ := strings.Cut(s[2:], ")")
			out.WriteString(lookup(name))
			s = rest
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
	event, rejection := event.Decode(event.ID{Ms: rapid.Uint64().Draw(t, "ms"), Seq: 1}, fields,
		event.Rules{MaxPods: 10, Deadlines: map[string]time.Duration{"": 0, "rich": 0}})
	if rejection != nil {
		t.Skip(rejection.Reason)
	}
	return &event
}

// What an event says ends up in environment variables and annotations, and nowhere else.
func TestPodIsItsTemplate(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "rich.yaml"), richTemplate)
	o := testOptions(t)
	o.Templates = testTemplates(t, dir)
	c := &Client{Options: o}
	rapid.Check(t, func(t *rapid.T) {
		event := drawEvent(t)
		slot, attempt := rapid.IntRange(1, 9).Draw(t, "slot"), rapid.IntRange(1, 3).Draw(t, "attempt")
		spec := worker.PodSpec{Name: o.Names.Pod(event.EventID, slot, attempt), Event: event, Slot: slot, Attempt: attempt}
		pod, err := c.pod(spec)
		if err != nil {
			t.Fatal(err)
		}
		template, _ := o.Templates.of(event.Template)
		checkOurs(t, pod, spec)
		undo(t, pod, spec, &template)
		if d := cmp.Diff(template.Spec, pod.Spec); d != "" {
			t.Fatalf("the Pod's spec differs from its template:\n%s", d)
		}
		if d := cmp.Diff(template.ObjectMeta, pod.ObjectMeta); d != "" {
			t.Fatalf("the Pod's metadata differ from its template:\n%s", d)
		}
	})
}

// checkOurs looks at what the Pod says of its worker, as the container and a reader of annotations see it.
func checkOurs(t *rapid.T, pod *corev1.Pod, spec worker.PodSpec) {
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
	var read event.Event
	if err := json.Unmarshal([]byte(pod.Annotations[noteEvent]), &read); err != nil {
		t.Fatal(err)
	}
	want := *spec.Event
	want.Timestamp = sane(want.Timestamp)
	if d := cmp.Diff(want, read); d != "" {
		t.Fatalf("the event read back from its annotation differs:\n%s", d)
	}
	pod.UID = "u"
	o, ok := (&Options{Instance: event.DefaultInstance, Names: event.NewNames(event.DefaultInstance, event.DefaultStream)}).observe(pod)
	if !ok || o.Event != spec.Event.EventID || o.Slot != spec.Slot || o.Attempt != spec.Attempt {
		t.Fatalf("we do not know our own Pod: %+v", o)
	}
	pod.UID = ""
}

// undo takes off what the design allows.
func undo(t *rapid.T, pod *corev1.Pod, spec worker.PodSpec, template *corev1.PodTemplateSpec) {
	isOurs := func(k, _ string) bool {
		return strings.HasPrefix(k, ours) && k != protectedKey || k == labelManagedBy || k == labelApp || strings.HasPrefix(k, recommended)
	}
	pod.Name, pod.Namespace = "", ""
	for k, v := range pod.Labels {
		if why := validation.IsValidLabelValue(v); len(why) > 0 {
			t.Fatalf("label %s: %v", k, why)
		}
	}
	maps.DeleteFunc(pod.Labels, isOurs)
	maps.DeleteFunc(pod.Annotations, isOurs)
	for _, containers := range [][]corev1.Container{pod.Spec.InitContainers, pod.Spec.Containers} {
		for i := range containers {
			containers[i].Env = containers[i].Env[len(variables(spec)):]
			if len(containers[i].Env) == 0 {
				containers[i].Env = nil
			}
		}
	}
	if spec.Event.Deadline > 0 {
		if *pod.Spec.ActiveDeadlineSeconds != 7 {
			t.Fatalf("the deadline is %d", *pod.Spec.ActiveDeadlineSeconds)
		}
		pod.Spec.ActiveDeadlineSeconds = template.Spec.ActiveDeadlineSeconds
	}
}

func writeFile(t testing.TB, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
