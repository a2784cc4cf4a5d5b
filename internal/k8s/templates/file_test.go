package templates

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
)

// loadText loads one file with this text.
func loadText(t *testing.T, text string) (corev1.PodTemplateSpec, *Set, error) {
	t.Helper()
	dir := t.TempDir()
	k8stest.WriteFile(t, filepath.Join(dir, "x.yaml"), text)
	set, err := Load(Options{Dir: dir})
	if err != nil {
		return corev1.PodTemplateSpec{}, nil, fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "template "+filepath.Join(dir, "x.yaml")+": "))
	}
	template, _ := set.Copy("x")
	return template, set, nil
}

// TestLoadTakes: files that other tools of Kubernetes take, and write.
func TestLoadTakes(t *testing.T) {
	for name, text := range map[string]string{
		"as it is":                         plain,
		"a licence, then dashes":           "# (c) platform team\n---\n" + plain,
		"dashes before and after":          "---\n" + plain + "---\n",
		"a document of comments":           plain + "---\n# nothing else\n",
		"a byte order mark":                "\ufeff" + plain,
		"Windows line ends":                strings.ReplaceAll("---\n"+plain, "\n", "\r\n"),
		"JSON":                             `{"spec": {"containers": [{"name": "a", "image": "b"}]}}`,
		"an empty time":                    "metadata: {creationTimestamp: null}\n" + plain,
		"an anchor for the image":          "spec: {containers: [{name: a, image: &i b}], initContainers: [{name: c, image: *i}]}",
		"a sidecar":                        "spec: {initContainers: [{name: c, image: d, restartPolicy: Always}], containers: [{name: a, image: b, restartPolicy: Never}]}",
		"an init container may be retried": "spec: {initContainers: [{name: c, image: d, restartPolicy: OnFailure}], containers: [{name: a, image: b}]}",
	} {
		t.Run(name, func(t *testing.T) {
			if got, set, err := loadText(t, text); err != nil || got.Spec.Containers[0].Image != "b" || len(set.Warnings("x")) > 0 {
				t.Errorf("got %+v, %v", got.Spec.Containers, err)
			}
		})
	}
}

// TestValues: a value means what it does to kubectl, whatever way it takes through the library.
func TestValues(t *testing.T) {
	got, _, err := loadText(t, `
spec:
  automountServiceAccountToken: no
  volumes: [{name: v, secret: {secretName: s, defaultMode: 0400}}]
  containers:
  - name: a
    image: "b"
    tty: yes
    env: [{name: A, value: "yes"}, {name: B, value: '0400'}, {name: C, value: "007"}]
    command:
    - |
      cat <<EOF
      ---
      EOF
`)
	if err != nil {
		t.Fatal(err)
	}
	c := got.Spec.Containers[0]
	if *got.Spec.AutomountServiceAccountToken || !c.TTY || *got.Spec.Volumes[0].Secret.DefaultMode != 0o400 || c.Command[0] != "cat <<EOF\n---\nEOF\n" {
		t.Errorf("got %+v", got.Spec)
	}
	want := []corev1.EnvVar{{Name: "A", Value: "yes"}, {Name: "B", Value: "0400"}, {Name: "C", Value: "007"}}
	if diff := cmp.Diff(want, c.Env); diff != "" {
		t.Error(diff)
	}
}

// TestMergeKeys: a mapping's own keys count, wherever they stand, then those of the mapping that is merged first.
func TestMergeKeys(t *testing.T) {
	const text = `
spec:
  initContainers:
  - &base {name: a, image: b, env: [{name: A, value: base}], workingDir: /base}
  - &other {name: other, image: o, tty: true}
  containers:
  - %s
`
	for container, want := range map[string]string{
		"{<<: *base, name: c}":                             "c b /base false",
		"{name: c, <<: *base}":                             "c b /base false",
		"{<<: [*base, *other], name: c}":                   "c b /base true",
		"{<<: [*other, *base], name: c}":                   "c o /base true",
		"{<<: {image: inline}, name: c, workingDir: /own}": "c inline /own false",
		`{name: c, image: "<<"}`:                           "c <<  false",
	} {
		got, _, err := loadText(t, fmt.Sprintf(text, container))
		if err != nil {
			t.Errorf("%s: %v", container, err)
			continue
		}
		c := got.Spec.Containers[0]
		if got := fmt.Sprint(c.Name, " ", c.Image, " ", c.WorkingDir, " ", c.TTY); got != want {
			t.Errorf("%s: got %q, want %q", container, got, want)
		}
	}
}

// TestRefusedAtOnce: one line has everything that is wrong, and says what to write instead.
func TestRefusedAtOnce(t *testing.T) {
	const spec = "spec: {restartPolicy: Always, containers: [{name: a, image: b}]}"
	bomb := "metadata: {annotations: {a: &a [1,1,1,1,1,1,1,1,1,1]}}\nspec: [&b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a], &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]," +
		" &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c], &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d], [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]]\n"
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"a whole Pod": {"apiVersion: v1\nkind: Pod\nmetadata: {name: me}\nstatus: {phase: Running}\n" + spec, []string{
			"kind Pod: want one PodTemplateSpec: remove apiVersion and kind", "remove name", `spec.restartPolicy is "Always"`,
		}},
		"a PodTemplate":  {"kind: PodTemplate\nmetadata: {name: me}\ntemplate:\n  " + spec, []string{"only what is below its template", "restartPolicy"}},
		"a Deployment":   {"kind: Deployment\nspec: {template: {" + spec + "}}", []string{"only what is below its spec.template", "restartPolicy"}},
		"a CronJob":      {"kind: CronJob\nspec: {jobTemplate: {spec: {template: {metadata: {name: x}, " + spec + "}}}}", []string{"its spec.jobTemplate.spec.template", "remove name"}},
		"an empty Job":   {"kind: Job\nspec: {}", []string{"its spec.template", "want at least one"}},
		"a ConfigMap":    {"apiVersion: v1\nkind: ConfigMap\ndata: {a: b}", []string{"kind ConfigMap: want one PodTemplateSpec"}},
		"other metadata": {"metadata: {generateName: ci-, namespace: ci, labels: {app: x}}\n" + plain, []string{"remove generateName, namespace", `"app" is set by ottoscaler`}},
		"misspelt fields": {"spec: {containers: [{name: a, image: b, envs: [], resources: {limit: {}}, Command: []}]}", []string{
			`"spec.containers[0].envs": want env`, `"spec.containers[0].resources.limit": want limits`, `"spec.containers[0].Command": want command`,
		}},
		"wrong indentation": {"containers: []\nspec: {containers: [{name: a, image: b, volumes: []}], runAsUser: 7}", []string{
			`"containers": it belongs at spec.containers`, `"spec.containers[0].volumes": it belongs at spec.volumes`, `"spec.runAsUser": it belongs at spec.securityContext.runAsUser`,
		}},
		"out one level":   {"spec: {containers: [{name: a, image: b, tolerations: []}]}", []string{`"spec.containers[0].tolerations": it belongs at spec.tolerations`}},
		"nothing like it": {"spec: {containers: [{name: a, image: b, xyzzy: 1}]}", []string{`unknown field "spec.containers[0].xyzzy"`}},
		"a wrong type":    {"spec: {containers: {name: a}}", []string{"want one PodTemplateSpec: ", "containers"}},
		"two documents":   {plain + "---\nkind: ConfigMap\n", []string{"found a second one after `---` (kind ConfigMap)", "apply what is no worker with kubectl"}},
		"tabs":            {"spec:\n  containers:\n  \t- name: a\n", []string{"line 3 is indented with a tab"}},
		"a key twice":     {plain + "metadata: {labels: {a: b}}\nmetadata: {labels: {c: d}}\n", []string{`"metadata" already set`}},
		"a merged list":   {"spec: {containers: [{<<: 7, name: a, image: b}]}", []string{"<< takes a mapping"}},
		"a bomb":          {bomb, []string{"want at most 100000 values"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := loadText(t, c.text)
			if err == nil || strings.Contains(err.Error(), "\n") {
				t.Fatalf("got %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v\nwant %q", err, want)
				}
			}
		})
	}
}

// TestMainContainer: it is named on every Pod; where that is a guess, there is a warning.
func TestMainContainer(t *testing.T) {
	for name, c := range map[string]struct {
		text, main string
		warns      bool
	}{
		"one":               {plain, "a", false},
		"several":           {"spec: {containers: [{name: a, image: b}, {name: c, image: d}]}", "a", true},
		"several, named":    {"metadata: {annotations: {kubectl.kubernetes.io/default-container: c}}\nspec: {containers: [{name: a, image: b}, {name: c, image: d}]}", "c", false},
		"one and a sidecar": {"spec: {initContainers: [{name: c, image: d, restartPolicy: Always}], containers: [{name: a, image: b}]}", "a", false},
	} {
		t.Run(name, func(t *testing.T) {
			got, set, err := loadText(t, c.text)
			if err != nil || got.Annotations[MainKey] != c.main || len(set.Warnings("x")) > 0 != c.warns {
				t.Errorf("main %q, warnings %q, %v", got.Annotations[MainKey], set.Warnings("x"), err)
			}
		})
	}
}

func TestProtected(t *testing.T) {
	for metadata, want := range map[string]bool{
		"{}": false, `{labels: {ottoscaler.io/protected: "true"}}`: true, `{annotations: {ottoscaler.io/protected: "true"}}`: true,
		`{labels: {ottoscaler.io/protected: "false"}}`: false,
	} {
		if _, set, err := loadText(t, "metadata: "+metadata+"\n"+plain); err != nil || set.Protected("x") != want || set.Protected("") || set.Protected("none") {
			t.Errorf("%s: %v, %v", metadata, set.Protected("x"), err)
		}
	}
}
