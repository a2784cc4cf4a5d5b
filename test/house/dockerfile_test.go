package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDockerfile: what `docker build` copies, and lets into its context, is what the program is made of.
func TestDockerfile(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "-f", "{{if .Module}}{{if .Module.Main}}{{.Dir}}{{end}}{{end}}", "./cmd/app")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for dir := range strings.FieldsSeq(string(out)) {
		inside, err := filepath.Rel(top, dir)
		if err != nil {
			t.Fatal(err)
		}
		part, _, _ := strings.Cut(inside, string(filepath.Separator))
		parts = append(parts, part)
	}
	slices.Sort(parts)
	parts = slices.Compact(parts)
	for file, line := range map[string]func(part string) string{
		"Dockerfile":    func(part string) string { return "COPY " + part + " " + part + "\n" },
		".dockerignore": func(part string) string { return "!" + part + "\n" },
	} {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range parts {
			if !strings.Contains(string(text), line(part)) {
				t.Errorf("%s lacks %q", file, line(part))
			}
		}
	}
	if len(parts) < 3 {
		t.Errorf("the program is made of %v", parts)
	}
}
