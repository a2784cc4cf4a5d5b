package templates

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/k8s/k8stest"
)

const plain = "spec: {containers: [{name: a, image: b}]}\n"

func loadDir(t *testing.T, dir string) *Set {
	t.Helper()
	set, err := Load(Options{Dir: dir, Image: "busybox:latest", Deadline: 6 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	k8stest.WriteFile(t, filepath.Join(dir, "plain.yaml"), "---\n"+plain)
	k8stest.WriteFile(t, filepath.Join(dir, "short.yaml"), "spec: {activeDeadlineSeconds: 60, restartPolicy: Never, containers: [{name: a, image: b}]}")
	k8stest.WriteFile(t, filepath.Join(dir, "README.md"), "not a template")
	k8stest.WriteFile(t, filepath.Join(dir, ".hidden.yaml"), "neither")
	got := loadDir(t, dir)
	want := map[string]time.Duration{"": 6 * time.Hour, "plain": 6 * time.Hour, "short": time.Minute}
	if d := cmp.Diff(want, got.Deadlines()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"plain", "short"}, got.Names()); d != "" {
		t.Error(d)
	}
	one, _ := got.Copy("plain")
	one.Spec.Containers[0].Image = "changed"
	if again, _ := got.Copy("plain"); again.Spec.Containers[0].Image != "b" {
		t.Error("filling in a copy changed the template")
	}
}

// TestChanged: a set knows which templates differ from those of the one before; the fingerprint, that something does.
func TestChanged(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) { k8stest.WriteFile(t, filepath.Join(dir, name), text) }
	write("kept.yaml", plain)
	write("changed.yaml", plain)
	write("removed.yaml", plain)
	old, before := loadDir(t, dir), Fingerprint(dir)
	write("kept.yaml", "# a comment is no change\n"+plain)
	write("changed.yaml", strings.Replace(plain, "image: b", "image: c", 1))
	write("new.yaml", plain)
	if err := os.Remove(filepath.Join(dir, "removed.yaml")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"changed", "new", "removed"}, loadDir(t, dir).Changed(old)); diff != "" {
		t.Error(diff)
	}
	if again := loadDir(t, dir); len(again.Changed(loadDir(t, dir))) != 0 {
		t.Error("the same files make another set")
	}
	after := Fingerprint(dir)
	if after == before || after != Fingerprint(dir) {
		t.Error("the fingerprint is not that of the files")
	}
	write("README.md", "no template")
	if Fingerprint(dir) != after {
		t.Error("what is no template changes the fingerprint")
	}
	write("bad.yml", "")
	if Fingerprint(dir) == after {
		t.Error("a file that Load refuses does not change the fingerprint")
	}
}

func TestNoDeadline(t *testing.T) {
	got, err := Load(Options{Image: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]time.Duration{"": 0}, got.Deadlines()); d != "" {
		t.Error(d)
	}
}

func TestLoadRefuses(t *testing.T) {
	tests := map[string]struct{ file, text, want string }{
		"unknown field":             {"x.yaml", "spec: {containers: [{name: a, image: b, imagee: c}]}", `unknown field "spec.containers[0].imagee"`},
		"a whole Pod":               {"x.yaml", "apiVersion: v1\nkind: Pod\n" + plain, "want one PodTemplateSpec"},
		"not YAML":                  {"x.yaml", "\tx", "want one PodTemplateSpec"},
		"empty":                     {"x.yaml", "", "spec.containers: want at least one"},
		"a field twice":             {"x.yaml", plain + plain, "already set"},
		"two documents":             {"x.yaml", plain + "---\n" + plain, "want one document"},
		"name":                      {"Not_A_Label.yaml", plain, `the name "Not_A_Label"`},
		"ending":                    {"x.yml", plain, "want a file named NAME.yaml"},
		"restarts":                  {"x.yaml", "spec: {restartPolicy: Always, containers: [{name: a, image: b}]}", "want Never or nothing"},
		"a container restarts":      {"x.yaml", "spec: {containers: [{name: a, image: b}, {name: c, image: d, restartPolicy: Always}]}", `spec.containers[1].restartPolicy is "Always": a worker runs once, want Never or nothing; a container that accompanies it belongs in spec.initContainers`},
		"restarts on failure":       {"x.yaml", "spec: {containers: [{name: a, image: b, restartPolicy: OnFailure}]}", "spec.containers[0].restartPolicy"},
		"rules of restarts":         {"x.yaml", "spec: {containers: [{name: a, image: b, restartPolicy: Never, restartPolicyRules: [{action: Restart}]}]}", "spec.containers[0].restartPolicyRules"},
		"no such main container":    {"x.yaml", "metadata: {annotations: {kubectl.kubernetes.io/default-container: agnet}}\n" + plain, `default-container is "agnet", which is none of spec.containers`},
		"no image":                  {"x.yaml", "spec: {containers: [{name: a}]}", "spec.containers[0]: want a name and an image"},
		"deadline 0":                {"x.yaml", "spec: {activeDeadlineSeconds: 0, containers: [{name: a, image: b}]}", "want at least 1"},
		"node":                      {"x.yaml", "spec: {nodeName: n, containers: [{name: a, image: b}]}", "spec.nodeName"},
		"reserved label":            {"x.yaml", "metadata: {labels: {managed-by: me}}\n" + plain, `metadata.labels: "managed-by" is set by ottoscaler`},
		"reserved annotation":       {"x.yaml", "metadata: {annotations: {ottoscaler.io/event: x}}\n" + plain, `metadata.annotations: "ottoscaler.io/event"`},
		"protected, or not":         {"x.yaml", `metadata: {labels: {ottoscaler.io/protected: "yes"}}` + "\n" + plain, `metadata.labels: ottoscaler.io/protected is "yes": want "true" or "false"`},
		"name of the Pod":           {"x.yaml", "metadata: {name: me}\n" + plain, "only labels and annotations"},
		"reserved variable":         {"x.yaml", "spec: {containers: [{name: a, image: b, env: [{name: OTTO_X, value: c}]}]}", "spec.containers[0].env: OTTO_X is set by ottoscaler"},
		"reserved variable at init": {"x.yaml", "spec: {initContainers: [{name: a, image: b, env: [{name: TRACEPARENT}]}], containers: [{name: a, image: b}]}", "spec.initContainers[0].env: TRACEPARENT"},
		"too large":                 {"x.yaml", strings.Repeat("#", maxFile+1), "at most"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, test.file)
			k8stest.WriteFile(t, file, test.text)
			_, err := Load(Options{Dir: dir})
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), file) {
				t.Errorf("got %v, want the file and %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
		})
	}
}

func TestLoadWithoutFolder(t *testing.T) {
	_, err := Load(Options{Dir: filepath.Join(t.TempDir(), "none")})
	if err == nil || !strings.Contains(err.Error(), "reading the folder of templates") {
		t.Errorf("got %v", err)
	}
}

func TestWrongQuantity(t *testing.T) {
	_, err := Load(Options{Limits: map[string]string{"cpu": "much"}})
	if err == nil || !strings.Contains(err.Error(), "limits: cpu=much is no quantity") {
		t.Errorf("got %v", err)
	}
}
