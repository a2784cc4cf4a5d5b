package docs

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const mapPage = "docs/README.md"

// groups are the kinds of pages that the map has; a page is of one kind.
var groups = []string{"Learn", "Do", "Look up", "Understand"}

var item = regexp.MustCompile(`^- \[[^\]]+\]\(([^)\s]+)\): \S`)

// listed are the targets of a page's list, by group, and the lines below a group's heading that are no item.
func listed(doc string) (targets map[string][]string, other []string) {
	targets = make(map[string][]string)
	group := ""
	for line := range strings.Lines(doc) {
		line = strings.TrimSuffix(line, "\n")
		m := item.FindStringSubmatch(line)
		switch {
		case strings.HasPrefix(line, "## "):
			group = line[len("## "):]
			targets[group] = nil
		case group == "" || line == "":
		case m == nil:
			other = append(other, line)
		default:
			targets[group] = append(targets[group], m[1])
		}
	}
	return targets, other
}

// pages are the English pages of a folder and of those below it, without their lists, relative to it.
func pages(t *testing.T, folder string) []string {
	t.Helper()
	var all []string
	for _, doc := range documents(t) {
		page, below := strings.CutPrefix(doc, folder+"/")
		if below && !strings.HasSuffix(page, suffix) && filepath.Base(page) != "README.md" {
			all = append(all, page)
		}
	}
	return all
}

// covers says whether an item of the map is the page, or the folder or the list of a folder that has it.
func covers(to, page string) bool {
	return to == page || strings.HasPrefix(page, strings.TrimSuffix(to, "/README.md")+"/")
}

// misplaced names the pages that the targets do not have exactly once. A folder stands for all pages in it.
func misplaced(pages []string, targets map[string][]string) []string {
	var problems []string
	for _, page := range pages {
		var in []string
		for group, all := range targets {
			for _, to := range all {
				if covers(to, page) {
					in = append(in, group)
				}
			}
		}
		if slices.Sort(in); len(in) != 1 {
			problems = append(problems, page+": in "+strings.Join(in, ", ")+": list it once")
		}
	}
	return problems
}

func TestMap(t *testing.T) {
	targets, other := listed(read(t, mapPage))
	for _, group := range groups {
		if len(targets[group]) == 0 {
			t.Errorf("%s: nothing to %s", mapPage, group)
		}
	}
	if len(targets) != len(groups) {
		t.Errorf("%s: the groups are %q and no others", mapPage, groups)
	}
	if len(targets["Learn"]) > 1 {
		t.Errorf("%s: there is one tutorial: %q", mapPage, targets["Learn"])
	}
	for _, line := range other {
		t.Errorf("%s: %q: want one line for each page, `- [Title](page.md): what it has`", mapPage, line)
	}
	for _, problem := range misplaced(pages(t, "docs"), targets) {
		t.Errorf("%s: %s", mapPage, problem)
	}
}

// TestDecisions: the list of decisions has each once, in the order of their numbers.
func TestDecisions(t *testing.T) {
	var have []string
	for _, m := range link.FindAllStringSubmatch(read(t, "docs/decisions/README.md"), -1) {
		have = append(have, m[1])
	}
	if diff := cmp.Diff(pages(t, "docs/decisions"), have); diff != "" {
		t.Errorf("docs/decisions/README.md (-files +list):\n%s", diff)
	}
}

func TestMisplaced(t *testing.T) {
	tests := []struct {
		name, doc string
		want      []string
	}{
		{"each once", "## Do\n- [A](a.md): one\n## Look up\n- [B](b/README.md): two\n", nil},
		{"a folder", "## Do\n- [A](a.md): one\n- [B](b): two\n", nil},
		{"missing", "## Do\n- [B](b/README.md): two\n", []string{"a.md: in : list it once"}},
		{"twice in a group", "## Do\n- [A](a.md): one\n- [A](a.md): one\n- [B](b): two\n", []string{"a.md: in Do, Do: list it once"}},
		{"in two groups", "## Do\n- [A](a.md): one\n## Learn\n- [A](a.md): one\n- [B](b): two\n", []string{"a.md: in Do, Learn: list it once"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			targets, other := listed(tt.doc)
			if diff := cmp.Diff(tt.want, misplaced([]string{"a.md", "b/c.md"}, targets)); diff != "" || len(other) > 0 {
				t.Errorf("%q, problems (-want +got):\n%s", other, diff)
			}
		})
	}
}
