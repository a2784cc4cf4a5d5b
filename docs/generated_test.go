package docs

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/errcode"
	"github.com/ottoscaler/ottoscaler/internal/golden"
	"github.com/ottoscaler/ottoscaler/internal/worker"
)

//go:generate go test -run ^TestGenerated -update .

const troubleshooting = `# Troubleshooting

[한국어](troubleshooting.ko.md)

<!-- Made by "make generate" from internal/errcode and internal/worker/reasons.go: change it there. -->

Every failure that a person may meet has a code. Log lines have it as ` + "`code`" + `, an exit message begins with it, and it is a
heading here with the message. To see what is wrong now, open ` + "`/readyz?verbose`" + ` on ` + "`OTTO_HTTP_ADDR`" + `.

- OTTO1..: the start
- OTTO2..: Redis
- OTTO3..: Kubernetes
- OTTO4..: events and their Pods
- OTTO5..: the ` + "`reason`" + ` of a worker, or of a rejected entry, on the [status stream](status-stream.md), which has the code
  beside it
- OTTO6..: findings of ` + "`ottoscaler check`" + `
`

// entries are all failures and the reasons that have a code, by code.
func entries() []errcode.Entry {
	all := errcode.All()
	for _, r := range worker.Reasons() {
		if r.Code != "" {
			all = append(all, errcode.Entry{Code: r.Code, Message: r.Name, Cause: r.Cause, Fix: r.Fix})
		}
	}
	slices.SortFunc(all, func(a, b errcode.Entry) int { return cmp.Compare(a.Code, b.Code) })
	return all
}

func TestGeneratedTroubleshooting(t *testing.T) {
	var b strings.Builder
	b.WriteString(troubleshooting)
	for _, e := range entries() {
		fmt.Fprintf(&b, "\n## %s\n\n**Cause:** %s\n\n**Fix:** %s\n", e, e.Cause, e.Fix)
	}
	golden.File(t, "troubleshooting.md", b.String())
}

// TestCodes: codes are unique, and what refers to a code refers to one that exists.
func TestCodes(t *testing.T) {
	all, form := entries(), regexp.MustCompile(`OTTO[1-9][0-9][0-9]`)
	for i, e := range all {
		if i > 0 && all[i-1].Code == e.Code {
			t.Errorf("%s is both %q and %q", e.Code, all[i-1].Message, e.Message)
		}
		if e.Cause == "" || e.Fix == "" {
			t.Errorf("%s: cause or fix is missing", e)
		}
		for _, code := range form.FindAllString(e.Cause+e.Fix, -1) {
			if !slices.ContainsFunc(all, func(o errcode.Entry) bool { return string(o.Code) == code }) {
				t.Errorf("%s refers to %s, which does not exist", e, code)
			}
		}
	}
}

var classes = map[worker.Class]string{
	worker.ClassProgram:        "the program",
	worker.ClassStart:          "the start",
	worker.ClassInfrastructure: "the infrastructure",
	worker.ClassLost:           "an unknown end",
	worker.ClassRemoval:        "a removal",
}

var reasonTable = regexp.MustCompile(`(?s)(<!-- reasons: .*? -->\n).*?(<!-- reasons end -->)`)

// TestGeneratedReasons holds the table of reasons in failures.md against worker.Reasons.
func TestGeneratedReasons(t *testing.T) {
	var b strings.Builder
	b.WriteString("\n| reason | about | states | code |\n|---|---|---|---|\n")
	for _, r := range worker.Reasons() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.Name, classes[r.Class], states(r), r.Code)
	}
	text := read(t, "docs/failures.md")
	if !reasonTable.MatchString(text) {
		t.Fatal("docs/failures.md has no place for the reasons")
	}
	table := strings.ReplaceAll(b.String(), "$", "$$")
	golden.File(t, "failures.md", reasonTable.ReplaceAllString(text, "${1}"+table+"\n${2}"))
}

func states(r worker.Reason) string {
	var all []string
	for _, s := range r.States {
		all = append(all, "`"+string(s)+"`")
	}
	return cmp.Or(strings.Join(all, ", "), "none: the worker waits")
}
