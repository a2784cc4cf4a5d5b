package trouble

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/heldtest"
)

const document = "../../docs/troubleshooting.md"

const preamble = `# Troubleshooting

[한국어](troubleshooting.ko.md)

<!-- Made by "make generate" from internal/trouble: change it there. -->

Every failure that a person can meet has a code. Log lines have it as ` + "`code`" + `, an exit message begins with it, and the heading
here is its literal text. First ask what is wrong now: ` + "`/readyz?verbose`" + ` on ` + "`OTTO_HTTP_ADDR`" + `.

- OTTO1..: the start
- OTTO2..: Redis
- OTTO3..: Kubernetes
- OTTO4..: events and their Pods
- OTTO5..: the ` + "`reason`" + ` of a worker, or of a rejected entry, on the [status stream](status-stream.md), which has the code
  beside it, as far as a person can do something about it
- OTTO6..: what ` + "`ottoscaler check`" + ` finds
`

// TestDocument holds docs/troubleshooting.md against the list.
func TestDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString(preamble)
	for _, tr := range all {
		fmt.Fprintf(&b, "\n## %s\n\n**Cause:** %s\n\n**What to do:** %s\n", tr, tr.Cause, tr.Mend)
	}
	heldtest.File(t, document, b.String())
}

func TestList(t *testing.T) {
	form, last := regexp.MustCompile(`^OTTO[1-9][0-9][0-9]$`), ""
	for _, tr := range all {
		if !form.MatchString(tr.Code) || tr.Code <= last {
			t.Errorf("%s after %s: codes have three digits, are in order, and no two are alike", tr.Code, last)
		}
		if last = tr.Code; tr.Message == "" || tr.Cause == "" || tr.Mend == "" {
			t.Errorf("%s: something is not said", tr.Code)
		}
		if got, ok := Of(tr.Message); !ok || got != tr {
			t.Errorf("%s: %q is another's message, too", tr.Code, tr.Message)
		}
		for _, other := range regexp.MustCompile(`OTTO[1-9][0-9][0-9]`).FindAllString(tr.Cause+tr.Mend, -1) {
			if !slices.ContainsFunc(all, func(o Trouble) bool { return o.Code == other }) {
				t.Errorf("%s refers to %s, which is none", tr.Code, other)
			}
		}
	}
	for reason, want := range map[string]string{"OOMKilled": "OTTO508", "trimmed": "OTTO535", "Error": "", Rejected: "", "": ""} {
		if got := OfReason(reason); got != want {
			t.Errorf("the code of the reason %q is %q, want %q", reason, got, want)
		}
	}
	if _, ok := Of("all is well"); ok {
		t.Error("what is no trouble has a code")
	}
}

// TestSource holds the list against what the source logs: whatever is said as a warning or an error has a code, and
// whatever has a code is said.
func TestSource(t *testing.T) {
	logged, strs := scan(t)
	for message, where := range logged {
		if _, ok := Of(message); !ok {
			t.Errorf("%s: %q is logged as a warning or an error and has no code", where, message)
		}
	}
	for _, tr := range all {
		switch {
		case tr.Code >= "OTTO500" || tr.Code < "OTTO107":
			if !strs[tr.Message] {
				t.Errorf("%s: nothing in the source says %q", tr.Code, tr.Message)
			}
		case logged[tr.Message] == "":
			t.Errorf("%s: nothing logs %q", tr.Code, tr.Message)
		}
	}
}

// scan returns the messages of warnings and errors with where they are, and all string literals.
func scan(t *testing.T) (logged map[string]string, strs map[string]bool) {
	t.Helper()
	logged, strs = make(map[string]string), make(map[string]bool)
	files := token.NewFileSet()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && strings.HasSuffix(d.Name(), "test") {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || d.Name() == "list.go" {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				strs[literal(n)] = true
			case *ast.CallExpr:
				if message := alarm(n); message != "" {
					logged[message] = files.Position(n.Pos()).String()
				}
			}
			return true
		})
		return nil
	})
	if err != nil || len(logged) < 20 {
		t.Fatalf("%d messages, %v", len(logged), err)
	}
	return logged, strs
}

// alarm is the message of x.Warn("…"), x.Error("…") and s.say(slog.LevelWarn, "…"); empty for everything else.
func alarm(call *ast.CallExpr) string {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 {
		return ""
	}
	switch method.Sel.Name {
	case "Warn", "Error":
		return literal(call.Args[0])
	case "say":
		level, ok := call.Args[0].(*ast.SelectorExpr)
		if ok && len(call.Args) > 1 && (level.Sel.Name == "LevelWarn" || level.Sel.Name == "LevelError") {
			return literal(call.Args[1])
		}
	}
	return ""
}

func literal(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	s, _ := strconv.Unquote(lit.Value) // the parser has taken it
	return s
}
