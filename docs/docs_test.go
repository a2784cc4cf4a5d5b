// Package docs has no code; its tests hold the documents together.
package docs

import (
	"io/fs"
	"maps"
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

// The map of the documentation has each page once, in one of these groups.
var groups = []string{"Learn", "Do", "Look up", "Understand"}

// folders are one entry of the map each.
var folders = []string{"decisions", "runbooks"}

// listed are the links of each group of a map, and those with an empty name that stand before the first one.
func listed(doc string) map[string][]string {
	found := make(map[string][]string)
	group := ""
	for line := range strings.Lines(doc) {
		if name, is := strings.CutPrefix(line, "## "); is {
			group = strings.TrimSpace(name)
			found[group] = nil
		}
		for _, m := range link.FindAllStringSubmatch(line, -1) {
			found[group] = append(found[group], m[1])
		}
	}
	return found
}

// misplaced says which pages are missing in the map, listed more than once, or not there.
func misplaced(pages []string, found map[string][]string) []string {
	var problems []string
	times := make(map[string]int)
	for group, links := range found {
		for _, to := range links {
			if group != "" {
				times[to]++
			}
		}
	}
	for _, page := range pages {
		if times[page] == 0 {
			problems = append(problems, page+" is missing")
		}
	}
	for _, to := range slices.Sorted(maps.Keys(times)) {
		if times[to] > 1 {
			problems = append(problems, to+" is listed more than once")
		}
		if !slices.Contains(pages, to) {
			problems = append(problems, to+" is no page")
		}
	}
	return problems
}

// pagesOf are the pages beside the map and the folders, in order.
func pagesOf(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages := slices.DeleteFunc(files, func(f string) bool { return f == "README.md" })
	for _, folder := range folders {
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			t.Errorf("%s is no folder", folder)
		}
	}
	return append(pages, folders...)
}

func TestMapHasEveryPageOnce(t *testing.T) {
	found := listed(read(t, "docs/README.md"))
	for _, problem := range misplaced(pagesOf(t), found) {
		t.Errorf("docs/README.md: %s", problem)
	}
	delete(found, "")
	if d := cmp.Diff(slices.Sorted(slices.Values(groups)), slices.Sorted(maps.Keys(found))); d != "" {
		t.Errorf("docs/README.md: groups, -want +got:\n%s", d)
	}
}

func TestMisplaced(t *testing.T) {
	pages := []string{"a.md", "b.md", "folder"}
	for _, tt := range []struct {
		name, doc string
		want      []string
	}{
		{"every page once", "## Learn\n- [A](a.md)\n## Do\n- [B](b.md): x\n- [C](folder)\n", nil},
		{"a page is missing", "## Learn\n- [A](a.md)\n- [C](folder)\n", []string{"b.md is missing"}},
		{"outside of the groups", "[B](b.md)\n## Learn\n- [A](a.md)\n- [C](folder)\n", []string{"b.md is missing"}},
		{"in two groups", "## Learn\n- [A](a.md)\n- [B](b.md)\n## Do\n- [A](a.md)\n- [C](folder)\n", []string{"a.md is listed more than once"}},
		{"listed twice in a group", "## Do\n- [A](a.md) [A](a.md)\n- [B](b.md)\n- [C](folder)\n", []string{"a.md is listed more than once"}},
		{"a dead link", "## Do\n- [A](a.md)\n- [B](b.md)\n- [C](folder)\n- [D](d.md)\n", []string{"d.md is no page"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, misplaced(pages, listed(tt.doc))); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}
