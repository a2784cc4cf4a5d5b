package docs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A translation says below each heading which text it translates, by a hash of the English section:
//
//	## 이미지
//	<!-- en: 5fb04f0a -->
//
// Nothing writes these hashes but people, once they have translated what changed.
var stamp = regexp.MustCompile(`<!-- en: ([0-9a-f]{8}) -->`)

// byRow are documents whose tables are long: each row is a part by itself, and its translation has the hash in its last cell.
var byRow = []string{"docs/metrics.md"}

var message = regexp.MustCompile(`^OTTO.*`)

const suffix = ".ko.md"

// pair is a document and its translation.
type pair struct{ english, korean string }

func pairs(t *testing.T) []pair {
	t.Helper()
	var all []pair
	for _, doc := range documents(t) {
		if base, ok := strings.CutSuffix(doc, suffix); ok {
			all = append(all, pair{base + ".md", doc})
		}
	}
	if len(all) < 3 {
		t.Fatalf("found %v", all)
	}
	return all
}

// part is a section, without the sections below it, or a row.
type part struct {
	name string
	text string
}

// hash does not change with how lines are wrapped.
func (p part) hash() string {
	sum := sha256.Sum256([]byte(strings.Join(strings.Fields(stamp.ReplaceAllString(p.text, "")), " ")))
	return hex.EncodeToString(sum[:4])
}

// of is the hash of the text that a translation is of; empty: it does not say.
func (p part) of() string {
	if m := stamp.FindStringSubmatch(p.text); m != nil {
		return m[1]
	}
	return ""
}

func parts(doc string, rows bool) []part {
	var all []part
	section, fenced := -1, false
	for line := range strings.Lines(doc) {
		fenced = fenced != strings.HasPrefix(line, "```")
		switch m := heading.FindStringSubmatch(line); {
		case m != nil && !fenced:
			section = len(all)
			all = append(all, part{m[2], line})
		case rows && strings.HasPrefix(line, "| `"):
			name, _, _ := strings.Cut(line[2:], " |")
			all = append(all, part{name, line})
		case section >= 0:
			all[section].text += line
		}
	}
	return all
}

func each(all []part, f func(part) string) []string {
	var found []string
	for _, p := range all {
		found = append(found, f(p))
	}
	return found
}

// drift says where a translation does not follow its source.
func drift(source, translation []part) []string {
	var problems []string
	want, have := each(source, part.hash), each(translation, part.of)
	for i, p := range source {
		if !slices.Contains(have, want[i]) {
			problems = append(problems, fmt.Sprintf("%q has changed or is new: translate it, then say so by <!-- en: %s -->", p.name, want[i]))
		}
	}
	for i, p := range translation {
		switch {
		case have[i] == "":
			problems = append(problems, fmt.Sprintf("%q says of no text that it translates it", p.name))
		case !slices.Contains(want, have[i]):
			problems = append(problems, fmt.Sprintf("%q is of a text that has changed or is gone (%s)", p.name, have[i]))
		}
	}
	if len(problems) == 0 {
		return order(source, want, have)
	}
	return problems
}

// order names the first part that is out of place, of parts that are all there.
func order(source []part, want, have []string) []string {
	for i := range want {
		if i == len(have) || want[i] != have[i] {
			return []string{fmt.Sprintf("%q is in another place: put its translation where the English one has it", source[i].name)}
		}
	}
	return nil
}

func TestTranslationsFollow(t *testing.T) {
	for _, p := range pairs(t) {
		rows := slices.Contains(byRow, p.english)
		for _, problem := range drift(parts(read(t, p.english), rows), parts(read(t, p.korean), rows)) {
			t.Errorf("%s, of %s: %s", p.korean, p.english, problem)
		}
	}
}

func TestDrift(t *testing.T) {
	const (
		m   = "| `m` | help |\n"
		n   = "| `n` | more |\n"
		one = "# One\na b\n\n```\n# no heading\n```\n\n"
		two = "## Two\n\n| x | y |\n|---|---|\n" + m + n
	)
	translation := parts(translated(one+two), true)
	tests := []struct {
		name, english string
		says          []string
	}{
		{"nothing", one + two, nil},
		{"wrapped anew", strings.Replace(one, "a b", "a\nb", 1) + two, nil},
		{"a section changed", strings.Replace(one, "a b", "a c", 1) + two, []string{`"One" has changed`, `"하나" is of a text`}},
		{"code changed", strings.Replace(one, "# no", "# now a", 1) + two, []string{`"One" has changed`, `"하나" is of a text`}},
		{"a heading changed", one + strings.Replace(two, "Two", "Three", 1), []string{`"Three" has changed`, `"둘" is of a text`}},
		{"a section is new", one + two + "\n## Three\n", []string{`"Three" has changed or is new`}},
		{"a section is gone", two, []string{`"하나" is of a text that has changed or is gone`}},
		{"sections in another order", two + one, []string{`"Two" is in another place`}},
		{"a row changed", one + strings.Replace(two, "help", "other", 1), []string{"\"`m`\" has changed", "\"`m`\" is of a text"}},
		{"a row is new", one + two + "| `o` | last |\n", []string{"\"`o`\" has changed or is new"}},
		{"a row is gone", one + strings.Replace(two, m, "", 1), []string{"\"`m`\" is of a text"}},
		{"rows in another order", one + strings.Replace(two, m+n, n+m, 1), []string{"\"`n`\" is in another place"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { expect(t, drift(parts(tt.english, true), translation), tt.says) })
	}
	expect(t, drift(nil, parts("# 하나\n", true)), []string{`"하나" says of no text`})
}

// translated is a translation that follows.
func translated(english string) string {
	var b strings.Builder
	for _, p := range parts(english, true) {
		switch p.name {
		case "One":
			fmt.Fprintf(&b, "# 하나\n<!-- en: %s -->\n", p.hash())
		case "Two":
			fmt.Fprintf(&b, "## 둘\n<!-- en: %s -->\n", p.hash())
		default:
			fmt.Fprintf(&b, "| %s | 뜻 <!-- en: %s --> |\n", p.name, p.hash())
		}
	}
	return b.String()
}

// expect holds each problem against what it must say.
func expect(t *testing.T, problems, says []string) {
	t.Helper()
	if len(problems) != len(says) {
		t.Fatalf("got %q, want %q", problems, says)
	}
	for i := range says {
		if !strings.Contains(problems[i], says[i]) {
			t.Errorf("got %q, want %q", problems[i], says[i])
		}
	}
}

// A translation must say what the English one says: as far as a test can tell, it has the same headings, targets,
// links, code and table rows. Headings that are messages are literally the same.
func TestTranslationsAreAlike(t *testing.T) {
	for _, p := range pairs(t) {
		if diff := cmp.Diff(outline(t, p.english), outline(t, p.korean)); diff != "" {
			t.Errorf("%s against %s:\n%s", p.english, p.korean, diff)
		}
	}
}

type shape struct {
	Headings []string // their levels, and messages
	Targets  []string
	Links    []string
	Code     []string
	Blocks   []string
	Rows     int
}

func outline(t *testing.T, path string) shape {
	t.Helper()
	doc := read(t, path)
	s := shape{Targets: targets(doc), Rows: strings.Count(doc, "\n|")}
	text := fence.ReplaceAllString(doc, "")
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		s.Headings = append(s.Headings, m[1]+message.FindString(m[2]))
	}
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		to := strings.Replace(m[1], suffix, ".md", 1)                     // Korean to Korean, where there is one
		if to != strings.Replace(filepath.Base(path), suffix, ".md", 1) { // each links to the other
			s.Links = append(s.Links, to)
		}
	}
	for _, c := range code.FindAllString(text, -1) {
		if !strings.Contains(c, "otto-agent-<") { // its placeholders are words
			s.Code = append(s.Code, strings.TrimSpace(c))
		}
	}
	for _, block := range fence.FindAllString(doc, -1) {
		if !strings.HasPrefix(block, "```mermaid") { // its labels are words
			s.Blocks = append(s.Blocks, block)
		}
	}
	slices.Sort(s.Code)
	s.Code = slices.Compact(s.Code)
	return s
}

// A Korean page leads to Korean pages, where there are any; to its own English one it leads as well.
func TestTranslationsLinkToTranslations(t *testing.T) {
	all := pairs(t)
	for _, p := range all {
		for _, m := range link.FindAllStringSubmatch(read(t, p.korean), -1) {
			file, _, _ := strings.Cut(m[1], "#")
			to := filepath.Join(filepath.Dir(p.korean), file)
			if to != p.english && slices.ContainsFunc(all, func(other pair) bool { return other.english == to }) {
				t.Errorf("%s: %s is there in Korean, too", p.korean, m[1])
			}
		}
	}
}
