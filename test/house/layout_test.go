package house

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// isProduct tells what is shipped from tests, tools and the cluster of the tests.
func isProduct(file string) bool {
	return !strings.HasSuffix(file, "_test.go") && (strings.HasPrefix(file, "internal/") || strings.HasPrefix(file, "cmd/"))
}

// layout is the block of CONTRIBUTING.md that names folders and files, with what each is for.
func layout(t *testing.T) map[string]string {
	t.Helper()
	_, rest, found := strings.Cut(read(t, "CONTRIBUTING.md"), "## Layout\n")
	block, _, ended := strings.Cut(rest, "\n## ")
	if !found || !ended {
		t.Fatal("CONTRIBUTING.md has no section Layout with another one after it")
	}
	places := make(map[string]string)
	for line := range strings.Lines(block) {
		if m := regexp.MustCompile(`^([a-z0-9./_-]+/)\s+(\S.*)$`).FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			places[strings.TrimSuffix(m[1], "/")] = m[2]
		}
	}
	return places
}

// TestLayout holds the layout of CONTRIBUTING.md against the tree: what it names exists, and every package of the product
// has a line of its own.
func TestLayout(t *testing.T) {
	places := layout(t)
	if len(places) < 20 {
		t.Fatalf("only %d places: is the form of the block still `    folder/  what it is for`?", len(places))
	}
	for place := range places {
		if info, err := os.Stat(filepath.Join(root, place)); err != nil || !info.IsDir() {
			t.Errorf("CONTRIBUTING.md names %s/, which is no folder", place)
		}
	}
	tops := make(map[string]bool)
	walk(t, func(file string) {
		dir := path.Dir(file)
		if top, _, nested := strings.Cut(file, "/"); nested && !strings.HasPrefix(top, ".") {
			tops[top] = true
		}
		if isProduct(file) && strings.HasSuffix(file, ".go") && places[dir] == "" {
			t.Errorf("%s/ has no line in the layout of CONTRIBUTING.md", dir)
			places[dir] = "said"
		}
	})
	for top := range tops {
		covered := false
		for place := range places {
			covered = covered || place == top || strings.HasPrefix(place, top+"/")
		}
		if !covered {
			t.Errorf("%s/ has no line in the layout of CONTRIBUTING.md", top)
		}
	}
}

// TestWalks: whoever adds something is told where; every file that CONTRIBUTING.md names exists.
func TestWalks(t *testing.T) {
	text := read(t, "CONTRIBUTING.md")
	for _, m := range regexp.MustCompile("`((?:internal|deploy|docs|test|bench|scripts|api|cmd|tools)/[A-Za-z0-9_./-]+)`").FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
			t.Errorf("CONTRIBUTING.md names %s, which does not exist", m[1])
		}
	}
	for _, walk := range []string{"an event field", "a metric", "a reason of a Pod", "a Redis flavour"} {
		if !strings.Contains(text, "**"+walk) {
			t.Errorf("CONTRIBUTING.md does not say where to add %s", walk)
		}
	}
}
