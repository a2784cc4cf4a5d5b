package deploy

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ottoscaler/ottoscaler/internal/golden"
)

// plain are the arguments that render deploy/k8s: names that are easy to replace, and nothing of Helm's.
var plain = []string{
	"template", "ottoscaler", "chart", "--namespace", "ottoscaler", "--set", "workers.namespace=otto-agents", "--skip-tests",
}

var (
	source = regexp.MustCompile(`(?m)^# Source: ottoscaler/templates/(\S+)\n`)
	helms  = regexp.MustCompile(`(?m)^ *(helm\.sh/chart|app\.kubernetes\.io/managed-by): .*\n`)
)

func TestGeneratedManifests(t *testing.T) {
	text, err := helm(t, plain...)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for doc := range strings.SplitSeq(strings.TrimPrefix(text, "---\n"), "\n---\n") {
		name := source.FindStringSubmatch(doc)
		if name == nil {
			t.Fatalf("no source in\n%s", doc)
		}
		body := strings.TrimSpace(helms.ReplaceAllString(source.ReplaceAllString(doc, ""), ""))
		if files[name[1]] != "" {
			body = files[name[1]] + "---\n" + body
		}
		files[name[1]] = body + "\n"
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		golden.File(t, filepath.Join("k8s", name), "# Made by \"make generate\" from deploy/chart: change it there.\n"+files[name])
	}
	have, err := filepath.Glob("k8s/*")
	if err != nil || len(have) != len(files) {
		t.Errorf("deploy/k8s has %v, want those of %v (%v)", have, slices.Sorted(maps.Keys(files)), err)
	}
}

// TestGeneratedFiles copies files into the chart, which cannot read outside its folder.
func TestGeneratedFiles(t *testing.T) {
	for name, from := range map[string]string{"rules.yaml": "alerts", "ottoscaler.json": "dashboards"} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		golden.File(t, filepath.Join("chart/files", name), string(text))
	}
}

func TestGeneratedReadme(t *testing.T) {
	values, err := os.ReadFile("chart/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rows, undescribed := describe(string(values))
	if len(undescribed) > 0 {
		t.Errorf("values without a description: %v", undescribed)
	}
	var b strings.Builder
	b.WriteString(chartIntroduction)
	for _, r := range rows {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.path, quoted(r.value), strings.ReplaceAll(r.text, "|", `\|`))
	}
	golden.File(t, "chart/README.md", b.String())
}

func quoted(value string) string {
	if value == "" || value == `""` {
		return ""
	}
	return "`" + strings.Trim(value, `"`) + "`"
}

const chartIntroduction = `# The chart

<!-- Made by "make generate" from values.yaml: change it there. -->

How to install with it is in [docs/install.md](../../docs/install.md), how to upgrade in
[docs/upgrade.md](../../docs/upgrade.md). Installing, upgrading, rolling back and uninstalling never touch workers.

| value | default | meaning |
|---|---|---|
`

type row struct{ path, value, text string }

var entry = regexp.MustCompile(`^( *)([A-Za-z0-9]+):(?: (.*))?$`)

// describe reads the comments above the keys. A key with keys below it needs none; everything below a key with a comment is
// its value.
func describe(values string) (rows []row, undescribed []string) {
	var stack []string
	var comment []string
	inside := -1 // the indentation of a key with a comment and no value on its line: deeper lines are its value
	for line := range strings.SplitSeq(values, "\n") {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "# "); ok {
			comment = append(comment, text)
			continue
		}
		m := entry.FindStringSubmatch(line)
		if m == nil || inside >= 0 && indent > inside {
			if strings.TrimSpace(line) == "" {
				comment = nil
			}
			continue
		}
		inside = -1
		stack = append(stack[:indent/2], m[2])
		path := strings.Join(stack, ".")
		switch {
		case len(comment) > 0:
			rows = append(rows, row{path, m[3], strings.Join(comment, " ")})
			if m[3] == "" {
				inside = indent
			}
		case m[3] != "":
			undescribed = append(undescribed, path)
		}
		comment = nil
	}
	return rows, undescribed
}

func TestDescribe(t *testing.T) {
	rows, undescribed := describe("# The file's.\n\na:\n  # B's.\n  b: 1\n  c: 2\n# D's,\n# long.\nd:\n  e: 3\n  f:\n    - {}\n# G's.\ng: {}\n")
	want := []row{{"a.b", "1", "B's."}, {"d", "", "D's, long."}, {"g", "{}", "G's."}}
	if diff := cmp.Diff(want, rows, cmp.AllowUnexported(row{})); diff != "" || !slices.Equal(undescribed, []string{"a.c"}) {
		t.Errorf("undescribed %v, rows (-want +got):\n%s", undescribed, diff)
	}
}
