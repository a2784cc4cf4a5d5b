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

	"github.com/google/go-cmp/cmp"
)

const root = ".."

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^(#+) +(.+)$`)
	fence   = regexp.MustCompile("(?ms)^```.*?\n```$")
	target  = regexp.MustCompile("(?m)(?:`|&& |^    )make ([a-z][a-z0-9-]*)")
	rule    = regexp.MustCompile(`(?m)^([a-z0-9-]+):.*## `)
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

// documents are all Markdown files, without those of hidden folders.
func documents(t *testing.T) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || path == "bin") {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".md") {
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
	for _, doc := range []string{"README.md", "README.ko.md", "CONTRIBUTING.md", "docs/install.md", "docs/install.ko.md"} {
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

// A Korean document must say what the English one says: as far as a test can tell, it has the same headings, targets,
// links, code and table rows.
func TestTranslationsAreAlike(t *testing.T) {
	n := 0
	for _, korean := range documents(t) {
		base, ok := strings.CutSuffix(korean, ".ko.md")
		if !ok {
			continue
		}
		n++
		if diff := cmp.Diff(outline(t, base+".md"), outline(t, korean)); diff != "" {
			t.Errorf("%s.md against %s:\n%s", base, korean, diff)
		}
	}
	if n < 3 {
		t.Errorf("%d documents are in Korean, too", n)
	}
}

type shape struct {
	Levels  []string // of the headings
	Targets []string
	Links   []string
	Code    []string
	Rows    int
}

func outline(t *testing.T, path string) shape {
	t.Helper()
	doc := read(t, path)
	s := shape{Targets: targets(doc), Rows: strings.Count(doc, "\n|")}
	text := fence.ReplaceAllString(doc, "")
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		s.Levels = append(s.Levels, m[1])
	}
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		to := strings.Replace(m[1], ".ko.md", ".md", 1)                     // Korean to Korean, where there is one
		if to != strings.Replace(filepath.Base(path), ".ko.md", ".md", 1) { // each links to the other
			s.Links = append(s.Links, to)
		}
	}
	for _, c := range code.FindAllString(text, -1) {
		if !strings.Contains(c, "otto-agent-<") { // its placeholders are words
			s.Code = append(s.Code, strings.TrimSpace(c))
		}
	}
	slices.Sort(s.Code)
	s.Code = slices.Compact(s.Code)
	return s
}
