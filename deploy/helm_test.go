package deploy

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/yaml"
)

// helm runs the pinned Helm, or the one that HELM names, and returns what it printed.
func helm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	path, err := helmPath()
	if err = errors.Join(err, open("chart"), open("testdata")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	// The user's own plugins and repositories must not matter.
	cmd.Env = append(os.Environ(), "HELM_CONFIG_HOME="+t.TempDir(), "HELM_CACHE_HOME="+t.TempDir(), "HELM_DATA_HOME="+t.TempDir())
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("helm %s: %w: %s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), nil
}

// open opens the files that Helm will read: `go test` reuses a cached result until a file changes that the test itself
// opened.
func open(folder string) error {
	return filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		_, err = os.ReadFile(path)
		return err
	})
}

// helmPath compiles Helm if it has to.
var helmPath = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("HELM"); path != "" {
		return path, nil
	}
	cmd := exec.Command("go", "tool", "-modfile=../tools/deploy/go.mod", "-n", "helm")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as `make` compiles it, so that the cached build is used
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return "", fmt.Errorf("compiling helm: %w: %s", err, exit.Stderr)
	}
	return strings.TrimSpace(string(out)), err
})

// object is any Kubernetes object.
type object map[string]any

// at follows a path of keys and, in lists, of indices.
func (o object) at(path ...any) any {
	var v any = map[string]any(o)
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

func (o object) key() string { return fmt.Sprintf("%v/%v", o["kind"], o.at("metadata", "name")) }

// render returns the objects of the chart with these values, by kind and name.
func render(t *testing.T, args ...string) (map[string]object, error) {
	t.Helper()
	text, err := helm(t, append([]string{"template", "ottoscaler", "chart", "--namespace", "otto"}, args...)...)
	if err != nil {
		return nil, err
	}
	all := make(map[string]object)
	for doc := range strings.SplitSeq(text, "\n---\n") {
		var o object
		if err := yaml.UnmarshalStrict([]byte(doc), &o); err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
		if len(o) > 0 {
			all[o.key()] = o
		}
	}
	return all, nil
}

func mustRender(t *testing.T, args ...string) map[string]object {
	t.Helper()
	all, err := render(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
