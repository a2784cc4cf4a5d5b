package pods

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/rest"

	"github.com/ottoscaler/ottoscaler/internal/event"
	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

// TestOverrides: what an event may change of its template is changed on the first container, and nowhere else.
func TestOverrides(t *testing.T) {
	dir := t.TempDir()
	k8stest.WriteFile(t, filepath.Join(dir, "rich.yaml"), richTemplate)
	o := testOptions(t)
	o.Templates = testTemplates(t, dir)
	c := clientOf(t, &rest.Config{Host: "http://127.0.0.1:1"}, o)
	quantities := func(cpu, memory string) corev1.ResourceList {
		return corev1.ResourceList{corev1.ResourceCPU: apiresource.MustParse(cpu), corev1.ResourceMemory: apiresource.MustParse(memory)}
	}
	for name, test := range map[string]struct {
		template           string
		event              event.Event
		image              string
		requests, limits   corev1.ResourceList
		keepsCommandOrArgs bool
	}{
		"built-in, nothing": {"", event.Event{}, "busybox:latest", quantities("100m", "64Mi"), quantities("500m", "256Mi"), true},
		"built-in, cpu":     {"", event.Event{CPU: "1.5"}, "busybox:latest", quantities("1500m", "64Mi"), quantities("1500m", "256Mi"), true},
		"built-in, image":   {"", event.Event{Image: "docker.io/a/b:1"}, "docker.io/a/b:1", quantities("100m", "64Mi"), quantities("500m", "256Mi"), false},
		"rich, everything": {
			"rich", event.Event{Image: "docker.io/a/b:1", CPU: "2", Memory: "1.5Gi"}, "docker.io/a/b:1", quantities("2", "1536Mi"), quantities("2", "1536Mi"), true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			spec := testSpec()
			spec.Event.Template, spec.Event.Image, spec.Event.CPU, spec.Event.Memory = test.template, test.event.Image, test.event.CPU, test.event.Memory
			pod, err := c.builder.build(spec)
			if err != nil {
				t.Fatal(err)
			}
			template, _ := o.Templates.Copy(test.template)
			first, was := &pod.Spec.Containers[0], &template.Spec.Containers[0]
			if first.Image != test.image || (len(first.Command)+len(first.Args) > 0) != test.keepsCommandOrArgs {
				t.Errorf("image %s, command %v, args %v", first.Image, first.Command, first.Args)
			}
			want := corev1.ResourceRequirements{Requests: test.requests, Limits: test.limits}
			if d := cmp.Diff(want, first.Resources); d != "" {
				t.Error(d)
			}
			first.Image, first.Resources, first.Command = was.Image, was.Resources, was.Command
			undoEnv(pod, spec)
			if d := cmp.Diff(template.Spec, pod.Spec); d != "" {
				t.Errorf("elsewhere:\n%s", d)
			}
		})
	}
}

// TestUseTemplates: Pods are made of the templates in force, and a template that was removed refuses them.
func TestUseTemplates(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.yaml")
	c, spec := offline(t), testSpec()
	spec.Event.Template = "a"
	for _, image := range []string{"first", "second"} {
		k8stest.WriteFile(t, file, "spec: {containers: [{name: x, image: "+image+"}]}")
		c.UseTemplates(testTemplates(t, dir))
		if pod, err := c.builder.build(spec); err != nil || pod.Spec.Containers[0].Image != image {
			t.Errorf("%v, %v, want the image %s", pod, err, image)
		}
	}
	c.UseTemplates(testTemplates(t, ""))
	if _, err := c.builder.build(spec); !errors.Is(err, worker.ErrRefused) {
		t.Errorf("removed: got %v, want ErrRefused", err)
	}
}

func TestQueueOfPod(t *testing.T) {
	for queue, label := range map[string]string{"": "default", "default": "default", "web": "web", "team/web": "team-web-"} {
		spec := testSpec()
		spec.Event.Queue = queue
		pod, err := offline(t).builder.build(spec)
		exact := queue
		if exact == "" {
			exact = "default"
		}
		if err != nil || !strings.HasPrefix(pod.Labels[keyQueue], label) || pod.Annotations[keyQueue] != exact {
			t.Errorf("%q: %v, %v, %v", queue, err, pod.Labels, pod.Annotations)
		}
	}
}
