// Package docs has no code; its tests hold the documents together.
package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = ".."

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^(#+) +(.+)$`)
	fence   = regexp.MustCompile("(?ms)^```.*?\n```$")
	target  = regexp.MustCompile("(?m)(?:`|&& |^    )make ([a-z][a-z0-9-]*)")
	rule    = regexp.MustCompile(`(?m)^([a-z0-9-]+):.*## `)
	test    = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	code    = regexp.MustCompile("`[^`\n]+`|(?m)^    .+$")
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// documents are all Markdown files.
func documents(t *testing.T) []string {
	t.Helper()
	return files(t, ".md")
}

// files are those with names that end like this, without those of hidden folders.
func files(t *testing.T, end string) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || path == "bin" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, end) {
			found = append(found, path)
		}
		return err
	})
	if err != nil || len(found) < 5 {
		t.Fatalf("found %v, %v", found, err)
	}
	return found
}

func TestLinksResolve(t *testing.T) {
	for _, doc := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(read(t, doc), ""), -1) {
			if problem := broken(t, doc, m[1]); problem != "" {
				t.Errorf("%s: link to %s: %s", doc, m[1], problem)
			}
		}
	}
}

// broken says what is wrong with a relative link.
func broken(t *testing.T, doc, to string) string {
	t.Helper()
	if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
		return ""
	}
	file, anchor, _ := strings.Cut(to, "#")
	path := doc
	if file != "" {
		path = filepath.Join(filepath.Dir(doc), file)
	}
	if _, err := os.Stat(filepath.Join(root, path)); err != nil {
		return "no such file"
	}
	if anchor != "" && !slices.Contains(anchors(read(t, path)), anchor) {
		return "no such heading"
	}
	return ""
}

// anchors are the names that forges give to headings.
func anchors(doc string) []string {
	var all []string
	drop := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(doc, ""), -1) {
		all = append(all, strings.ReplaceAll(drop.ReplaceAllString(strings.ToLower(m[2]), ""), " ", "-"))
	}
	return all
}

func TestTargetsExist(t *testing.T) {
	var known []string
	for _, m := range rule.FindAllStringSubmatch(read(t, "Makefile"), -1) {
		known = append(known, m[1])
	}
	for _, doc := range []string{
		"README.md", "README.ko.md", "CONTRIBUTING.md", "docs/install.md", "docs/install.ko.md", "docs/tutorial.md", "docs/tutorial.ko.md",
	} {
		named := targets(read(t, doc))
		if len(named) == 0 {
			t.Errorf("%s: names no target", doc)
		}
		for _, name := range named {
			if !slices.Contains(known, name) {
				t.Errorf("%s: make %s: no such target", doc, name)
			}
		}
	}
}

func targets(doc string) []string {
	var all []string
	for _, m := range target.FindAllStringSubmatch(doc, -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestInvariantsAreTested: the tests that docs/invariants.md names exist.
func TestInvariantsAreTested(t *testing.T) {
	known := make(map[string]bool)
	for _, path := range files(t, "_test.go") {
		for _, m := range test.FindAllStringSubmatch(read(t, path), -1) {
			known["`"+m[1]+"`"] = true
		}
	}
	for _, name := range code.FindAllString(read(t, "docs/invariants.md"), -1) {
		if strings.HasPrefix(name, "`Test") && !known[name] {
			t.Errorf("docs/invariants.md: %s: no such test", name)
		}
	}
}
