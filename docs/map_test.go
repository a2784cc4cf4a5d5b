package docs

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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

// pagesOf are the English pages beside the map and the folders, in order. Their translations are on the map's translation.
func pagesOf(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages := slices.DeleteFunc(files, func(f string) bool { return f == "README.md" || strings.HasSuffix(f, suffix) })
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

// TestDecisions: docs/decisions/README.md has each decision once, in the order of their numbers.
func TestDecisions(t *testing.T) {
	want, err := filepath.Glob("decisions/0*.md")
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, m := range link.FindAllStringSubmatch(read(t, "docs/decisions/README.md"), -1) {
		have = append(have, "decisions/"+m[1])
	}
	if d := cmp.Diff(want, have); d != "" {
		t.Errorf("docs/decisions/README.md: decisions, -want +got:\n%s", d)
	}
}
